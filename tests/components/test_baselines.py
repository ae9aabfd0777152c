"""The baselines: their equations, and their published figures on MovieLens-100K."""

import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_info, threadpool_limits

from components.catalog_gen.splits import SPLITS, user_time_split
from components.ranking_evaluator import baselines
from components.ranking_evaluator.baselines import ease, fit_baselines, popularity
from components.ranking_evaluator.interactions import Interactions
from trainer.evaluation.ranking import ranking_metrics, ranking_task


def _positives(n_users=40, n_items=12, seed=0):
    matrix = np.random.default_rng(seed).random((n_users, n_items)) < 0.3
    matrix[:, 5] = False
    return sparse.csr_matrix(matrix.astype(np.float32))


def test_popularity_counts_relevant_events():
    positives = _positives()
    scores = popularity(positives, np.array([3, 1]))
    assert scores.tolist() == [positives.toarray().sum(axis=0).tolist()] * 2


def test_ease_solves_the_constrained_ridge_regression():
    """Column j is the ridge regression of item j on all other items."""
    positives, penalty = _positives(), 3.0
    dense = positives.toarray().astype(float)
    expected = np.zeros_like(dense)
    for item in range(dense.shape[1]):
        others = np.delete(np.arange(dense.shape[1]), item)
        x = dense[:, others]
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(len(others)), x.T @ dense[:, item])
        expected[:, item] = x @ weights
    users = np.array([0, 7, 39])
    np.testing.assert_allclose(ease(positives, users, penalty), expected[users], atol=1e-9)


def test_ials_solves_each_row_as_a_weighted_ridge_regression():
    """Minimises 1 x (1 - uv)^2 over what was met, w x (uv)^2 over all items, and the penalty."""
    positives, penalty = _positives(), 0.1
    unobserved = baselines._IALS_UNOBSERVED
    others = np.random.default_rng(2).normal(size=(positives.shape[1], 3))
    found = baselines._least_squares(positives, others, penalty)
    for row, met in enumerate(positives.toarray() > 0):
        ridge = penalty * (met.sum() + unobserved * len(others))
        design = np.vstack([others[met], np.sqrt(unobserved) * others, np.sqrt(ridge) * np.eye(3)])
        target = np.r_[np.ones(met.sum()), np.zeros(len(others) + 3)]
        np.testing.assert_allclose(found[row], np.linalg.lstsq(design, target, rcond=None)[0])


def test_rows_are_solved_in_groups_and_one_without_events_is_nothing(monkeypatch):
    positives = _positives().tolil()
    positives[[0, 7]] = 0
    positives = positives.tocsr()
    others = np.random.default_rng(2).normal(size=(positives.shape[1], 3))
    told = []
    whole = baselines._least_squares(positives, others, 0.1, told.append)
    assert sum(told) == len(whole) and not whole[[0, 7]].any()
    monkeypatch.setattr(baselines, "_SYSTEMS", 3)
    np.testing.assert_allclose(
        baselines._least_squares(positives, others, 0.1), whole, rtol=1e-12)


def test_small_systems_are_solved_on_one_thread(monkeypatch):
    seen = []

    def solve(systems, targets):
        seen.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return np.zeros_like(targets)

    monkeypatch.setattr(baselines.np.linalg, "solve", solve)
    with threadpool_limits(2, user_api="blas"):
        baselines.ials(_positives(), np.arange(3), 0.1)
    assert seen and set(seen) == {1}


def _random_tasks(n_users=60, n_items=30, events=900):
    rng = np.random.default_rng(4)
    users, items = rng.integers(0, n_users, events), rng.integers(0, n_items, events)
    split = rng.choice(3, events, p=[0.6, 0.2, 0.2])
    relevant = rng.random(events) < 0.6
    tasks, positives = [], []
    for held_out in (1, 2):
        known = split < held_out
        tasks.append(ranking_task(users, items, relevant, known=known,
                                  held_out=split == held_out, n_items=n_items))
        rows = known & relevant
        pairs = (np.ones(rows.sum(), bool), (users[rows], items[rows]))
        positives.append(sparse.csr_matrix(pairs, shape=(n_users, n_items)).astype(np.float32))
    return positives[0], tasks[0], positives[1], tasks[1]


def test_the_penalty_is_the_best_on_validation_and_the_fit_is_on_train_and_validation():
    train, validation_task, known, test_task = _random_tasks()
    found = fit_baselines(train, validation_task, known, test_task)["ease"]
    reached = {
        penalty: ranking_metrics(ease(train, validation_task.users, penalty), validation_task)
        .metrics["ndcg@10"]
        for penalty in baselines._EASE_PENALTIES
    }
    assert reached[found.penalty] == max(reached.values())
    np.testing.assert_allclose(found.scores, ease(known, test_task.users, found.penalty))


def test_a_large_catalogue_leaves_ease_out_with_the_reason(monkeypatch):
    monkeypatch.setattr(baselines, "_MOST_ITEMS", 29)
    found = fit_baselines(*_random_tasks())
    assert found["ease"].scores is None
    assert "30 items are more than the 29" in found["ease"].skipped
    assert found["popularity"].scores is not None


@pytest.mark.slow
def test_published_figures_on_movielens(movielens_dir):
    user, item, rating, time = np.loadtxt(movielens_dir / "ml-100k" / "u.data", dtype=int).T
    splits = np.empty(len(user), int)
    for owner in np.unique(user):
        rows = np.flatnonzero(user == owner)
        order = list(zip(time[rows].tolist(), item[rows].tolist(), strict=True))
        splits[rows] = [SPLITS.index(split) for split in user_time_split(order)]
    data = Interactions(
        catalogue=[str(i) for i in range(1, item.max() + 1)], n_users=user.max(), users=user - 1,
        items=item - 1, times=time, timed=True, relevant=rating >= 4, splits=splits,
        test_examples=[],
    )
    task = data.task("test")
    assert (len(task.users), task.relevant.nnz, task.candidates.sum()) == (841, 4727, 1644)
    found = fit_baselines(
        data.positives(before="validation"), data.task("validation"),
        data.positives(before="test"), task,
    )
    measured = {name: ranking_metrics(found[name].scores, task).metrics for name in found}
    assert measured["popularity"]["ndcg@10"] == pytest.approx(0.0733, abs=1e-4)
    assert measured["ease"]["ndcg@10"] == pytest.approx(0.1332, abs=1e-4)
    assert measured["ease"]["recall@20"] == pytest.approx(0.239, abs=1e-3)
    assert found["ease"].penalty == 200
    assert measured["ials"]["ndcg@10"] == pytest.approx(0.134, abs=2e-3)
    assert (data.gaps(task.users) == 0).sum() == 430
