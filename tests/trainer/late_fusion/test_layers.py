import numpy as np
import pytest

from trainer.closed_form.events import Events
from trainer.late_fusion.linear import FLOOR, weighted_history
from trainer.layers.late_fusion import HistoryWeights, UnitScores

ITEMS, LENGTH = 9, 30


@pytest.fixture(scope="module")
def events():
    """Events of five users with items met again and events of one second; item 0 is none."""
    rng = np.random.default_rng(1)
    users = np.repeat(np.arange(5), 12)
    return Events(users, rng.integers(1, ITEMS, len(users)), rng.integers(0, 8, len(users)),
                  rng.random(len(users)) < 0.6, 5, ITEMS)


def _histories(events):
    """Item indices, ranks and relevance, newest first, as a request has them."""
    index = np.zeros((events.n_users, LENGTH), np.int32)
    times, relevant = np.full(index.shape, -1), np.zeros(index.shape, np.int32)
    for user in range(events.n_users):
        rows = np.flatnonzero(events.users == user)
        rows = rows[np.argsort(-events.times[rows], kind="stable")]
        index[user, : len(rows)] = events.items[rows]
        times[user, : len(rows)] = events.times[rows]
        relevant[user, : len(rows)] = events.relevant[rows]
    ranks = np.pad(np.cumsum(times[:, 1:] != times[:, :-1], axis=1), ((0, 0), (1, 0)))
    return index, ranks, relevant


@pytest.mark.parametrize("relevant_only", [False, True])
@pytest.mark.parametrize("horizon", [2.0, 1e9])
def test_a_history_weighs_what_the_table_of_events_weighs(events, relevant_only, horizon):
    index, ranks, relevant = _histories(events)
    wanted = relevant if relevant_only else np.ones_like(index)
    weights = np.asarray(HistoryWeights(horizon, FLOOR)(index, ranks, wanted))
    result = np.zeros((events.n_users, ITEMS))
    for user, row in enumerate(index):
        np.add.at(result[user], row, weights[user])
    expected = weighted_history(events, relevant_only, horizon).toarray()
    np.testing.assert_allclose(result, expected, atol=1e-5)
    assert np.ptp(expected[expected > 0]) > (0.1 if horizon < 10 else -1)


def test_nothing_is_no_weight():
    none = np.zeros((2, 4), np.int32)
    assert not np.asarray(HistoryWeights(5.0, FLOOR)(none, none, none + 1)).any()


def test_scores_have_the_deviation_that_was_asked_for():
    rng = np.random.default_rng(0)
    candidates = rng.normal(size=(40, 3)) * [1.0, 5.0, 0.0]  # one direction says nothing
    candidates -= candidates.mean(axis=0)
    queries = np.r_[rng.normal(size=(6, 3)), [[0, 0, 0]], [[0, 0, 9]]].astype("float32")
    scaled = np.asarray(UnitScores(candidates.astype("float32"))(queries))
    deviations = (scaled @ candidates.T).std(axis=1)
    np.testing.assert_allclose(deviations, [1.0] * 6 + [0, 0], atol=1e-4)
    np.testing.assert_allclose(  # the direction is kept
        scaled[:6] / np.linalg.norm(scaled[:6], axis=1, keepdims=True),
        queries[:6] / np.linalg.norm(queries[:6], axis=1, keepdims=True), atol=1e-5)
