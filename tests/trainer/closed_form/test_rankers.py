from itertools import pairwise

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from trainer.closed_form import factors, neighbours
from trainer.closed_form.events import Events
from trainer.closed_form.factors import fit_content_ials, fit_ials, least_squares
from trainer.closed_form.neighbours import (
    fit_decayed_ease,
    fit_ease,
    fit_item_neighbours,
    fit_user_neighbours,
)
from trainer.closed_form.popularity import (
    fit_moment_popularity,
    fit_popularity,
    fit_recent_popularity,
)
from trainer.closed_form.rankers import RANKERS
from trainer.closed_form.search import Axis, middles, search
from trainer.evaluation.ranking import rank, ranking_task

DAY = 86_400


def some_events(n_users=40, n_items=12, rows=200, seed=0):
    rng = np.random.default_rng(seed)
    return Events(rng.integers(0, n_users, rows), rng.integers(0, n_items - 1, rows),
                  rng.integers(0, 50, rows) * DAY, rng.random(rows) < 0.6, n_users, n_items)


def test_a_pair_counts_once_and_ties_share_a_rank():
    events = Events(np.array([0, 0, 0, 1, 0]), np.array([2, 1, 1, 0, 0]),
                    np.array([5, 5, 9, 7, 1]), np.array([1, 0, 1, 1, 1], bool), 3, 4)
    assert events.matrix(relevant_only=False).toarray().tolist() == [
        [1, 1, 1, 0], [1, 0, 0, 0], [0] * 4]
    assert events.matrix(relevant_only=True).toarray().tolist() == [
        [1, 1, 1, 0], [1, 0, 0, 0], [0] * 4]
    assert events.ranks.tolist() == [1.5, 1.5, 3, 0, 0]
    assert events.moments.tolist() == [9, 7, 9]
    weighted = events.weighted(relevant_only=False, horizon=1.0, floor=0.5).toarray()
    assert weighted[0] == pytest.approx([0.5 + 0.5 * np.exp(-3), 1, 0.5 + 0.5 * np.exp(-1.5), 0])


def test_an_order_of_ids_inside_a_second_changes_nothing():
    first = Events(np.zeros(4, int), np.array([0, 1, 2, 3]), np.array([1, 4, 4, 4]),
                   np.ones(4, bool), 1, 4)
    last = Events(np.zeros(4, int), np.array([0, 3, 2, 1]), np.array([1, 4, 4, 4]),
                  np.ones(4, bool), 1, 4)
    chosen = {"penalty": 1.0, "pair_horizon": 2.0, "horizon": 2.0}
    np.testing.assert_allclose(*(fit_decayed_ease(e, True, **chosen).scores(np.array([0]))
                                 for e in (first, last)))


@pytest.mark.parametrize("relevant_only", [True, False])
def test_ease_solves_the_constrained_ridge_regression(relevant_only):
    """Column j is the ridge regression of item j on all other items."""
    events, penalty = some_events(), 3.0
    dense = events.matrix(relevant_only).toarray()
    expected = np.zeros_like(dense)
    for item in range(dense.shape[1]):
        others = np.delete(np.arange(dense.shape[1]), item)
        x = dense[:, others]
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(len(others)), x.T @ dense[:, item])
        expected[:, item] = x @ weights
    users = np.array([0, 7, 39])
    fitted = fit_ease(events, relevant_only, penalty)
    np.testing.assert_allclose(fitted.scores(users), expected[users], atol=1e-9)
    weights = fitted.placed(fitted.placed(fitted.weights).T)
    np.testing.assert_allclose(dense @ weights.T, expected, atol=1e-5)


def test_decayed_ease_without_decay_is_ease():
    events = some_events()
    users = np.arange(5)
    plain = fit_ease(events, True, 2.0).scores(users)
    np.testing.assert_allclose(
        fit_decayed_ease(events, True, 2.0, 1e9, 1e9).scores(users), plain, atol=1e-6)
    assert not np.allclose(fit_decayed_ease(events, True, 2.0, 1.0, 1e9).scores(users), plain)


def test_neighbours_by_items_and_by_users():
    events = some_events()
    interactions = events.matrix(relevant_only=False).toarray()
    count = interactions.sum(axis=0)
    cosine = interactions.T @ interactions / (np.sqrt(np.outer(count, count)) + 10.0)
    np.fill_diagonal(cosine, 0)
    users = np.array([2, 5])
    np.testing.assert_allclose(
        fit_item_neighbours(events, False, 100).scores(users), interactions[users] @ cosine)
    assert (np.count_nonzero(fit_item_neighbours(events, False, 2).weights, axis=0) <= 4).all()
    size = interactions.sum(axis=1)
    alike = interactions @ interactions.T / (np.sqrt(np.outer(size, size)) + 10.0)
    np.fill_diagonal(alike, 0)
    np.testing.assert_allclose(
        fit_user_neighbours(events, False, 100).scores(users), alike[users] @ interactions)


def test_popularity_of_all_time_of_late_and_around_the_moment():
    events = Events(np.array([0, 1, 2, 3]), np.array([0, 0, 1, 2]),
                    np.array([0, 0, 100, 101]) * DAY, np.ones(4, bool), 4, 3)
    users = np.array([0, 3])
    assert fit_popularity(events, True).scores(users).tolist() == [[2, 1, 1]] * 2
    assert np.argmax(fit_recent_popularity(events, True, days=1.0).scores(users)[0]) == 2
    assert np.argmax(fit_moment_popularity(events, True, days=3.0).scores(users), axis=1).tolist() \
        == [0, 2]


@pytest.mark.parametrize("drawn", [False, True], ids=["to zero", "to centres"])
def test_ials_solves_each_row_as_a_weighted_ridge_regression(drawn, monkeypatch):
    """Minimises 1 x (1 - uv)^2 over what was met, w x (uv)^2 over all items, and the penalty."""
    matrix, penalty, unobserved = some_events().matrix(relevant_only=True), 0.1, 0.4
    others = np.random.default_rng(2).normal(size=(matrix.shape[1], 3))
    centres = np.random.default_rng(3).normal(size=(matrix.shape[0], 3)) * drawn
    given = {"centres": centres} if drawn else {}
    solved = []
    vectors = least_squares(matrix, others, penalty, unobserved, solved.append, **given)
    assert sum(solved) == matrix.shape[0]
    for row, own in enumerate(matrix.toarray() > 0):
        ridge = penalty * (own.sum() + unobserved * len(others))
        design = np.vstack([others[own], np.sqrt(unobserved) * others, np.sqrt(ridge) * np.eye(3)])
        target = np.r_[np.ones(own.sum()), np.zeros(len(others)), np.sqrt(ridge) * centres[row]]
        expected = np.linalg.lstsq(design, target, rcond=None)[0] if own.any() else np.zeros(3)
        np.testing.assert_allclose(vectors[row], expected, atol=1e-12)
    monkeypatch.setattr(factors, "_SYSTEMS", 3)
    np.testing.assert_allclose(least_squares(matrix, others, penalty, unobserved, **given), vectors,
                               rtol=1e-12)


def test_content_gives_the_factors_of_items_with_few_events():
    """Two kinds of items, told by content; a user meets some items of one kind."""
    random = np.random.default_rng(4)
    kind = np.arange(40) % 2
    items = np.concatenate([random.choice(np.flatnonzero(kind == user % 2), 3, replace=False)
                            for user in range(60)])
    events = Events(np.repeat(np.arange(60), 3), items, np.arange(180), np.ones(180, bool), 60, 40)
    content = np.eye(2, dtype=np.float32)[kind]
    same = kind == np.arange(60)[:, None] % 2

    def unlike(fit, *content):
        """The share of each user's first twenty items that are of the other kind."""
        scores = fit(events, True, 0.05, 0.4, 8, *content).scores(np.arange(60))
        first = np.argsort(-scores, axis=1)[:, :20]
        return 1 - np.take_along_axis(same, first, axis=1).mean()

    assert unlike(fit_content_ials, content, 1.0) < 0.1 < 0.2 < unlike(fit_ials)
    assert unlike(fit_content_ials, content, 1e6) > 0.2
    nothing = np.zeros((40, 0), np.float32)
    assert unlike(fit_content_ials, nothing, 1.0) == unlike(fit_ials)


def test_small_systems_are_solved_on_one_thread(monkeypatch):
    seen = []

    def solve(systems, targets):
        seen.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return np.zeros_like(targets)

    monkeypatch.setattr(factors.np.linalg, "solve", solve)
    with threadpool_limits(2, user_api="blas"):
        fit_ials(some_events(), True, 0.1, 0.4, 8)
    assert seen and set(seen) == {1}


def test_a_search_goes_on_until_its_best_is_inside():
    axes = {"a": Axis((4.0, 8.0), 2.0, 0.25, 1024.0), "b": Axis((1.0, 2.0), 2.0, 1.0, 64.0)}
    asked = []

    def score(parameters):
        asked.append(tuple(parameters.values()))
        return -abs(np.log2(parameters["a"]) - 7) - abs(np.log2(parameters["b"]) - 4)

    done = search(axes, score)
    assert done.best == {"a": 128.0, "b": 16.0} and done.score == 0 and done.at_bound == ()
    assert len(set(asked)) == len(asked) == len(done.tried)  # nothing is tried twice
    tried = sorted(parameters["a"] for parameters, _ in done.tried)
    assert tried[0] < 128.0 < tried[-1]
    bounded = search(axes, lambda parameters: -parameters["a"])
    assert bounded.best["a"] == 0.25 and "a" in bounded.at_bound
    assert search({}, lambda parameters: 3.0).score == 3.0


def tasks(rows=900, n_users=60, n_items=30):
    rng = np.random.default_rng(4)
    users, items = rng.integers(0, n_users, rows), rng.integers(0, n_items, rows)
    times, relevant = rng.integers(0, 90, rows) * DAY, rng.random(rows) < 0.6
    train = rng.random(rows) < 0.8
    events = Events(users[train], items[train], times[train], relevant[train], n_users, n_items)
    return events, ranking_task(users, items, relevant, known=train, held_out=~train,
                                n_items=n_items)


@pytest.mark.parametrize("name", RANKERS)
def test_every_ranker_is_tuned_and_its_best_is_inside_or_at_a_bound_that_is_named(name):
    events, task = tasks()
    ranker = RANKERS[name]
    result = ranker.tuned(events, True, task)
    assert result.score == max(score for _, score in result.tried)
    for axis, value in result.best.items():
        tried = sorted({parameters[axis] for parameters, _ in result.tried})
        assert tried[0] < value < tried[-1] or axis in result.at_bound
        assert all(later / earlier <= 4 for earlier, later in pairwise(tried))
    fitted = ranker.fit(events, True, **result.best)
    assert rank(fitted, task).metrics["ndcg@10"] == result.score
    assert fitted.scores(np.array([3, 1])).shape == (2, events.n_items)


def test_what_is_not_run_says_why():
    events, _ = tasks()
    still = Events(events.users, events.items, np.zeros_like(events.times), events.relevant,
                   events.n_users, events.n_items)
    assert "no times" in RANKERS["decayed-ease"].skipped(still)
    assert RANKERS["decayed-ease"].skipped(events) == RANKERS["ials"].skipped(still) == ""


@pytest.mark.parametrize("name", ["item-knn", "ease", "decayed-ease"])
def test_of_a_large_catalogue_the_items_with_the_most_events_are_paired(name, monkeypatch):
    events, _ = tasks()
    fit, parameters = RANKERS[name].fit, middles(RANKERS[name].axes)
    every = fit(events, False, **parameters)
    counts = events.item_counts(False)
    monkeypatch.setattr(neighbours, "_MOST_ITEMS", 8)
    some = fit(events, False, **parameters)
    assert len(every.columns) > len(some.columns) == 8
    left_out = np.setdiff1d(np.arange(events.n_items), some.columns)
    assert counts[some.columns].min() >= counts[left_out].max()
    scores = some.scores(np.arange(5))
    assert scores.shape == (5, events.n_items)
    assert scores[:, some.columns].any() and not scores[:, left_out].any()


@pytest.mark.parametrize("name", RANKERS)
def test_where_nothing_is_relevant_nothing_has_a_score(name):
    events = Events(np.array([0, 1]), np.array([0, 1]), np.array([5, 9]), np.zeros(2, bool), 2, 3)
    ranker = RANKERS[name]
    assert not ranker.fit(events, True, **middles(ranker.axes)).scores(np.arange(2)).any()
