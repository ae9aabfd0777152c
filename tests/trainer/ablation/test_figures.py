import numpy as np
from sized_items import sized_data
from tiny_fit import tiny_data, with_recipe

from trainer.ablation import figures
from trainer.ablation.figures import absent, changed, shuffled
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.families.forest import train_forest
from trainer.families.job import Job
from trainer.families.rankers import restore_rankers, train_rankers_alone
from trainer.recipe import parse_recipe
from trainer.training.fit import new_network
from trainer.training.validation import first_rows


def test_a_ranking_by_content_needs_the_feature_that_is_the_taste(tmp_path):
    data = sized_data(tmp_path, family="rankers", rankers=["content"])
    train_rankers_alone(Job(data, 1, "key", tmp_path / "run", tmp_path / "weights"))
    result = figures.ablation_figures(data, 1, tmp_path / "weights")
    assert set(result["ablation"]) == {"none", "numeric"}
    assert all(set(one) == {"ndcg@10", "recall@20", "mrr"} for one in result["ablation"].values())
    importance = result["importance"]["items"]
    assert importance["size"] > 0.05 > abs(importance["subtract"])
    assert set(result["importance"]) == {"users", "items", "history"}
    # Without content all items are the same, but for rounding, whose order is the processor's.
    rows = first_rows(data, figures.test_task(data).users, "test")
    spread = figures.without_each(
        restore_rankers(data, 1, tmp_path / "weights"), data, lambda one: {
            "scores": np.ptp(ranking_scores(one, rows, catalogue(one))[:, 1:], axis=1).min()})
    assert spread["none"]["scores"] > 1.0 and spread["numeric"]["scores"] < 1e-5


def test_a_head_has_its_figure_without_a_modality(tmp_path):
    data = sized_data(tmp_path, family="network", model={"dim": 4}, tasks={
        "find": {"head": "retrieval"}, "like": {"head": "binary", "label": "like"}})
    network = new_network(data, data.events("train"), 1)
    for weight in network.heads["like"].trainable_weights:  # they start from a base rate alone
        weight.assign(np.random.default_rng(2).normal(size=weight.shape))
    result = figures.without_each(network, data, lambda one: figures._values(
        one, catalogue(one), data, data.reader.rows(data.files["test"])))
    assert set(result) == {"none", "numeric"}
    assert 0 < result["none"]["like_auc"] != result["numeric"]["like_auc"]


def test_a_kind_of_our_own_has_its_figures_without_a_modality(extension):
    recipe = parse_recipe(description="d", modalities=(), model={"dim": 4}, rank_by="grade",
                          relevant="like", tasks={"grade": {"head": "ordinal", "label": "rating"}})
    data = with_recipe(tiny_data(), recipe)
    network = new_network(data, data.events("train"), 1)
    for weight in network.heads["grade"].trainable_weights:
        weight.assign(np.random.default_rng(2).normal(size=weight.shape))
    rows = data.reader.rows(data.files["test"])
    result = figures._values(network, catalogue(network), data, rows)
    assert set(result) == {"grade_mae", "grade_kappa"} and 0 < result["grade_mae"] < 4


def test_only_the_columns_of_a_feature_are_changed(tmp_path):
    data = sized_data(tmp_path, family="network", model={"dim": 4})
    network = new_network(data, data.events("train"), 1)
    (size, weight) = data.spec.inputs("items", ("numeric",))
    without = changed(network, data, {"items": (size,)}, absent)
    index = np.arange(5)
    assert not np.any(without.item_lookup["size__present"](index))
    assert without.item_lookup["subtract"] is network.item_lookup["subtract"]
    assert weight.name == "subtract"
    assert np.abs(catalogue(without).vectors - catalogue(network).vectors).max() > 1e-4


def test_shuffled_values_belong_together_and_nobody_gets_what_the_unknown_have():
    values = np.arange(6.0)
    moved = shuffled(3)(values)
    assert moved[0] == 0 and sorted(moved) == values.tolist() and moved.tolist() != values.tolist()
    np.testing.assert_array_equal(shuffled(3)(values * 2), moved * 2)


def test_a_model_of_files_is_not_asked_again(tmp_path):
    data = sized_data(tmp_path, family="forest", rank_by="like", trees=2, tasks={
        "like": {"head": "binary", "label": "like"}})
    train_forest(Job(data, 1, "key", tmp_path / "run", tmp_path / "weights"))
    result = figures.ablation_figures(data, 1, tmp_path / "weights")
    assert "skipped" in result["ablation"]
