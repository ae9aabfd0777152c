import numpy as np
import pytest
import tensorflow as tf
from worlds import column, small_spec, unseen

from trainer.data.events import Events
from trainer.data.tables import Table
from trainer.evaluation.label_facts import label_facts, label_means
from trainer.layers.losses import binary_crossentropy
from trainer.network.heads import build_heads
from trainer.recipe import BoundRecipe, parse_recipe
from trainer.recipe.task import Task

SPEC = small_spec(
    users=column("paid", "INT", "label:paid", domain=(0, 1)),
    events=column("points", "FLOAT", "label:rating", "label:like>=60", domain=(0, 100))
    + column("bought", "INT", "label:bought", domain=(0, 1))
    + column("mood", "BYTES", "label:mood", domain=("calm", "glad", "sad"))
    + unseen("others", "BYTES", count=4), one=True, name="labels")
TASKS = {"rating": {"head": "regression", "label": "rating"},
         "like": {"head": "binary", "label": "like"},
         "both": {"head": "multi_label", "labels": ["like", "bought"]},
         "mood": {"head": "multi_class", "label": "mood"},
         "paid": {"head": "binary", "label": "paid"},
         "next": {"head": "click"}}
RECIPE = parse_recipe(description="d", modalities=[], tasks=TASKS, rank_by="next")
NAN = np.nan


def events(**labels):
    rows = len(labels["rating"])
    return Events(np.arange(1, rows + 1), np.ones(rows, int), np.arange(rows),
                  {name: np.array(values, "float32") for name, values in labels.items()}, {})


KNOWN = events(rating=[10, 30, NAN, 80], like=[0, 0, NAN, 1], bought=[1, 1, 1, NAN],
               mood=[0, 0, 1, NAN], paid=[NAN, 1, 1, 0])


def test_starts_are_base_rates_of_the_rows_that_have_the_label():
    means = label_means(BoundRecipe(RECIPE, SPEC), KNOWN)
    assert means["rating"] == 40
    assert means["mood"] == pytest.approx([2 / 3, 1 / 3, 0])
    start = {name: task.kind.start(SPEC, task.targets, means)
             for name, task in RECIPE.tasks.items()}
    assert start["rating"] == 40
    assert start["like"] == pytest.approx(np.log(0.5))
    assert start["both"] == pytest.approx([np.log(0.5), np.log(9999)])
    assert start["mood"] == pytest.approx(np.log([2 / 3, 1 / 3, 1e-4]))
    assert start["next"] == pytest.approx(-np.log(4))


@pytest.mark.parametrize("interaction", ["neural", "inner_product", "concat"])
def test_new_heads_predict_the_base_rates(interaction):
    recipe = RECIPE.model_copy(update={
        "model": RECIPE.model.model_copy(update={"interaction": interaction})})
    heads = build_heads(BoundRecipe(recipe, SPEC), label_means(BoundRecipe(RECIPE, SPEC), KNOWN))
    nothing = np.zeros((2, recipe.model.dim), "float32")
    np.testing.assert_allclose(heads["rating"](nothing, nothing), [40, 40])
    np.testing.assert_allclose(tf.sigmoid(heads["like"](nothing, nothing)), 1 / 3, rtol=1e-5)
    np.testing.assert_allclose(
        tf.sigmoid(heads["both"](nothing, nothing)), [[1 / 3, 0.9999]] * 2, rtol=1e-5)
    np.testing.assert_allclose(
        tf.nn.softmax(heads["mood"](nothing, nothing)), [[2 / 3, 1 / 3, 0]] * 2, atol=1e-4)
    np.testing.assert_allclose(tf.sigmoid(heads["paid"](nothing)), 2 / 3, rtol=1e-5)
    again = type(heads["both"]).from_config(heads["both"].get_config())
    np.testing.assert_array_equal(again(nothing, nothing), heads["both"](nothing, nothing))


def test_a_label_of_one_value_is_predicted_from_the_start_and_costs_next_to_nothing():
    always = events(rating=[1] * 4, like=[1] * 4, bought=[1] * 4, mood=[0] * 4, paid=[1] * 4)
    task = Task(head="binary", label="bought")
    start = task.kind.start(SPEC, task.targets, label_means(BoundRecipe(RECIPE, SPEC), always))
    assert 1 / (1 + np.exp(-start)) > 0.999
    assert float(binary_crossentropy(tf.constant([start]), tf.constant([1.0]))[0]) < 0.001


def test_labels_are_noted_with_what_a_predictor_without_a_model_reaches():
    test = events(rating=[50, 30, NAN], like=[1, 1, 1], bought=[0, 1, NAN], mood=[0, 2, NAN],
                  paid=[NAN, NAN, NAN])
    users = Table([f"u{n}" for n in range(1, 5)], "", {
        "label__paid": np.array([NAN, 1, 1, 0, 1], "float32")}, np.zeros(5, int))
    facts = label_facts(BoundRecipe(RECIPE, SPEC), users, KNOWN, test)
    assert set(facts) == {"rating", "like", "both", "mood", "paid", "next"}
    assert facts["rating"]["trivial"] == {"rmse": pytest.approx(10.0)}
    assert facts["rating"]["labels"]["rating"] == {
        "training_rows": 3, "training_value": None, "test_rows": 2, "test_value": None}
    assert facts["like"]["labels"]["like"]["test_value"] == 1
    assert facts["like"]["trivial"] == {} and facts["like"]["trivial_is"] == ""
    assert facts["both"]["metrics"]["auc"] == {"shown": "AUC", "of_pairs": True}
    assert facts["rating"]["metrics"]["mae"] == {"less_is_better": True}
    assert facts["both"]["labels"]["bought"]["training_value"] == 1
    assert facts["mood"]["trivial"] == {
        "cross_entropy": pytest.approx(-(np.log(2 / 3) + np.log(1e-4)) / 2)}
    assert facts["rating"]["demanded"] and not facts["paid"]["demanded"]
