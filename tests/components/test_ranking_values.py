"""Predicted values against biases, on events made by hand."""

import numpy as np
import pytest

from components.ranking_evaluator import values
from components.ranking_evaluator.interactions import Interactions
from components.ranking_evaluator.values import value_figures

ROWS = 300


@pytest.fixture
def interactions() -> Interactions:
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, 20, ROWS), rng.integers(0, 15, ROWS)
    rating = 3 + rng.normal(size=20)[users] + rng.normal(size=15)[items]
    rating[-1] = np.nan  # a test row without the label
    like = np.where(np.isnan(rating), np.nan, rating > 3)
    return Interactions(
        [str(i) for i in range(15)], 20, users, items, np.zeros(ROWS, int), False,
        np.ones(ROWS, bool), np.repeat([0, 1, 2], ROWS // 3), [b""] * (ROWS // 3),
        labels={"rating": rating, "like": like}, binary=frozenset({"like"}))


def test_a_model_is_compared_on_the_rows_that_have_the_label(interactions) -> None:
    truth = interactions.labels["rating"][-ROWS // 3 :]
    said = {"stars": np.nan_to_num(truth), "liked": np.nan_to_num(truth), "rest": truth}
    result = value_figures(said, interactions, {"stars": "rating", "liked": "like"})
    assert result.keys() == {"stars", "liked"}
    stars, liked = result["stars"], result["liked"]
    assert (stars["metric"], stars["rows"], stars["model"]) == ("rmse", ROWS // 3 - 1, 0.0)
    assert stars["low"] < stars["difference"] < stars["high"] < 0
    assert 0 < stars["biases"] < np.nanstd(truth)
    assert (liked["metric"], liked["model"]) == ("auc", 1.0)
    assert liked["biases"] > 0.7 and liked["low"] <= liked["difference"] <= liked["high"]


def test_nothing_is_compared_without_predictions(interactions) -> None:
    assert value_figures({}, interactions, {"stars": "rating"}) == {}
    interactions.labels["like"][-ROWS // 3 :] = 1.0
    said = {"liked": np.ones(ROWS // 3)}
    assert "same value" in value_figures(said, interactions, {"liked": "like"})["liked"]["skipped"]


def test_a_label_that_is_rare_among_many_rows_ends(interactions, monkeypatch) -> None:
    """The rows that are drawn may all have one value; then no draw of them has two."""
    monkeypatch.setattr(values, "_MOST_ROWS", 10)
    interactions.labels["like"][-ROWS // 3 :] = 0.0
    interactions.labels["like"][-2] = 1.0
    said = {"liked": np.arange(ROWS // 3) / ROWS}
    assert "10 that were drawn" in value_figures(said, interactions, {"liked": "like"})[
        "liked"]["skipped"]
