"""Late fusion and linear models of content, on tastes that were made of content."""

import numpy as np
import pytest

from trainer.closed_form.content_ridge import (
    fit_cold_ridge,
    fit_content_ridge,
    principal_components,
)
from trainer.closed_form.events import Events
from trainer.closed_form.fusion import Fusion, fit_weights, standardised
from trainer.closed_form.implicit_als import fit_ials
from trainer.evaluation.ranking import rank, ranking_task

USERS, ITEMS, NEW = 60, 50, 10


class Table:
    """Scores that are written down."""

    def __init__(self, scores):
        self._scores = scores

    def scores(self, users):
        return self._scores[users]


@pytest.fixture(scope="module")
def world():
    """Content, tastes, and events of all items but the last ten, which nobody has met."""
    rng = np.random.default_rng(3)
    content = rng.normal(size=(ITEMS, 4))
    taste = rng.normal(size=(USERS, 4)) @ content.T
    chance = np.exp(1.5 * taste)
    chance[:, -NEW:] = 0
    users, items = np.repeat(np.arange(USERS), 12), []
    for row in chance / chance.sum(axis=1, keepdims=True):
        items.extend(rng.choice(ITEMS, 12, replace=False, p=row))
    items = np.array(items)
    train = np.tile(np.arange(12) < 9, USERS)
    relevant = np.ones(len(users), bool)
    events = Events(users[train], items[train], np.arange(train.sum()), relevant[train],
                    USERS, ITEMS)
    task = ranking_task(users, items, relevant, known=train, held_out=~train, n_items=ITEMS)
    return content, taste, events, task


def test_weights_go_to_the_scorers_that_say_something(world):
    _, taste, _, task = world
    noise = np.random.default_rng(0).normal(size=taste.shape)
    scorers = {"taste": Table(taste), "noise": Table(noise), "opposite": Table(-taste)}
    weights = fit_weights(scorers, task)
    assert weights[0] > 10 * weights[1] and weights[2] == 0
    fused = rank(Fusion(scorers, weights, task.candidates), task).metrics["ndcg@10"]
    assert fused > 2 * rank(scorers["noise"], task).metrics["ndcg@10"]
    assert fit_weights(scorers, task.take(np.zeros(0, int))).tolist() == [1, 1, 1]


def test_weights_are_where_the_likelihood_has_no_slope(world, monkeypatch):
    _, taste, _, task = world
    rng = np.random.default_rng(1)
    scorers = {name: Table(taste + rng.normal(0, 2, taste.shape)) for name in ("one", "other")}
    weights = fit_weights(scorers, task)
    monkeypatch.setattr("trainer.closed_form.fusion._CELLS", 7 * ITEMS)  # many batches
    np.testing.assert_allclose(fit_weights(scorers, task), weights, rtol=1e-3)
    reached = rank(Fusion(scorers, weights, task.candidates), task).metrics["ndcg@10"]
    assert reached > max(rank(s, task).metrics["ndcg@10"] for s in scorers.values())


def test_standardised_scores_have_no_scale():
    scores = np.array([[1.0, 2.0, 3.0, 99.0], [5.0, 5.0, 5.0, 7.0]])
    known = np.array([True, True, True, False])
    found = standardised(scores, known)
    np.testing.assert_allclose(found[:, known].mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(found[0], standardised(scores * 8 - 3, known)[0])
    assert found[1].tolist() == [0, 0, 0, 2]  # nothing to divide by


def test_a_content_ridge_is_each_users_regression(world):
    content, _, events, task = world
    met = events.matrix(relevant_only=True).toarray()
    known = met.sum(axis=0) > 0
    expected = np.linalg.solve(content[known].T @ content[known] + 2.0 * np.eye(4),
                               content[known].T @ met[5, known])
    fitted = fit_content_ridge(events, True, content, 2.0)
    np.testing.assert_allclose(fitted.users[5], expected)
    guessed = rank(Table(np.zeros((USERS, ITEMS))), task).metrics["ndcg@10"]
    assert rank(fitted, task).metrics["ndcg@10"] > 1.5 * guessed


def test_items_that_nobody_met_are_ranked_by_content(world):
    content, taste, events, _ = world
    counts = np.asarray(events.matrix(relevant_only=True).sum(axis=0)).ravel()
    assert not counts[-NEW:].any()
    cold = fit_cold_ridge(fit_ials(events, True, 0.01, 0.4, 8), counts, content, 1.0)
    scores = cold.scores(np.arange(USERS))[:, -NEW:]
    agreement = [np.corrcoef(a, b)[0, 1]
                 for a, b in zip(scores, taste[:, -NEW:], strict=True)]
    assert np.mean(agreement) > 0.5


def test_components_weigh_alike_and_an_absent_feature_is_nothing():
    block = np.random.default_rng(0).normal(size=(30, 6)) * 1000
    block[4] = np.nan
    found = principal_components(block, 3)
    assert found.shape == (30, 3) and not found[4].any()
    assert np.mean(np.delete(found, 4, axis=0) ** 2) == pytest.approx(1)
    assert principal_components(np.full((3, 2), np.nan), 3).shape == (3, 0)
