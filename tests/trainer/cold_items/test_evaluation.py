"""A recipe fitted without some items knows of them what their content says, and no event.

A network that is trained again is in the whole run of `tests/e2e/shop`.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from sized_items import sized_data

from trainer.closed_form.draw import Draw
from trainer.cold_items import evaluation
from trainer.cold_items.evaluation import cold_figures, without_items
from trainer.families import network
from trainer.families.job import Job, Refit
from trainer.families.rankers import train_rankers_alone
from trainer.late_fusion.fit import NETWORK

_RECIPES = {
    "rankers": {"family": "rankers", "rankers": ["content", "factors"]},
    "similarity": {"family": "similarity", "vectors": "content", "dim": 2},
    "forest": {"family": "forest", "trees": 10, "min_leaf": 2, "rank_by": "like",
               "tasks": {"like": {"head": "binary", "label": "like"}}},
}
_DRAW = Draw(0.3, 5, 0)


# Users have no features here, so that a forest ranks for everybody alike.
@pytest.mark.parametrize(("family", "better"), [
    ("rankers", 1.1), ("similarity", 1.1), ("forest", 0.5)])
def test_every_family_is_tried_on_cold_items(tmp_path, family, better):
    data, weights = sized_data(tmp_path, **_RECIPES[family]), tmp_path / "weights"
    if data.recipe.family == "rankers":  # the others take nothing from a training before
        train_rankers_alone(Job(data, 1, "key", tmp_path / "run", weights))
    figures = cold_figures(data, 1, weights, {}, _DRAW)
    assert figures["items"] == 18 and 20 < figures["users"] <= 40
    baselines = figures["baselines"]
    assert {"random", "content-popularity", "content-knn", "content-ridge",
            "content-ridge-events"} == set(baselines)
    assert all({"recall@50", "ndcg@10"} == set(one) for one in baselines.values())
    assert baselines["content-ridge"]["ndcg@10"] > baselines["content-popularity"]["ndcg@10"]
    assert figures["ndcg@10"] > better * baselines["random"]["ndcg@10"]


def test_the_second_training_sees_no_event_of_the_items(tmp_path):
    data = sized_data(tmp_path, **_RECIPES["rankers"])
    cold = np.zeros(61, bool)
    cold[[3, 5]] = True
    hidden = without_items(data, cold)
    known = hidden.events("train", "validation")
    every = data.events("train", "validation", "test")
    assert len(known) == (~cold[every.items]).sum() < len(every)
    rows = hidden.reader.rows(hidden.files["train"])
    assert not cold[rows["item_index"]].any() and not cold[rows["history_index"]].any()


def test_a_network_without_a_weight_for_new_items_is_not_trained_again(monkeypatch, tmp_path):
    data = sized_data(tmp_path, family="network", rankers=["factors"], model={"dim": 4})
    fused = []
    monkeypatch.setattr(network, "refit_rankers", lambda *given: SimpleNamespace(
        weights={NETWORK: 0.5, "factors": 0.5}, new_item_weights={"factors": 1.0}))
    monkeypatch.setattr(network, "fit_again", lambda *given: pytest.fail("It was trained."))
    monkeypatch.setattr(network, "with_rankers_of", lambda *given: fused.append(given))
    network.refit_network(Refit(data, 1, tmp_path, {"epochs": 3}, tmp_path))
    assert len(fused) == 1


@pytest.mark.parametrize(("draw", "recipe", "reason"), [
    (Draw(0.3, 1_000, 0), {}, "0 items have 1000 events"),
    (Draw(0.3, 5, 0), {"modalities": [], "rankers": ["factors"]}, "reads no content"),
])
def test_it_is_said_why_there_is_nothing_to_rank(monkeypatch, tmp_path, draw, recipe, reason):
    data = sized_data(tmp_path, **_RECIPES["rankers"] | recipe)
    monkeypatch.setattr(evaluation, "look_up", lambda *given: pytest.fail("It was trained."))
    assert reason in cold_figures(data, 1, tmp_path, {}, draw)["skipped"]
