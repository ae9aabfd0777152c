"""Ranking metrics against values by hand, a slow reference and TensorFlow Recommenders."""

import math

import numpy as np
import pytest
from scipy import sparse

from schemas import InputError, TesseraError
from trainer.evaluation import ranking
from trainer.evaluation.ranking import CUTOFFS, paired_bootstrap, ranking_metrics, ranking_task
from trainer.evaluation.ranking_lists import gini, list_metrics

TRAIN, TEST = 0, 1


def _task(events, n_items):
    users, items, relevant, split = (np.array(column) for column in zip(*events, strict=True))
    return ranking_task(
        users, items, relevant.astype(bool), known=split == TRAIN, held_out=split == TEST,
        n_items=n_items)


def _random_task(rng, n_users=30, n_items=40, events=600):
    split = rng.random(events)
    return ranking_task(
        rng.integers(0, n_users, events), rng.integers(0, n_items, events),
        rng.random(events) < 0.5, known=split < 0.6, held_out=split > 0.8, n_items=n_items + 3)


def _reference(scores, task):
    """Every metric by its definition, one user, one item and one place at a time.

    It shares no line with the code under test. ranx has the same definitions, and numba, pandas and
    matplotlib behind it, which start more slowly than this whole file runs.
    """
    result, shown = {"mrr": []}, {k: set() for k in CUTOFFS}
    for row in range(len(task.users)):
        allowed = np.flatnonzero(task.candidates & ~task.excluded[row].toarray()[0])
        wanted = set(task.relevant[row].indices)
        ranked = sorted(allowed, key=lambda item: (-scores[row, item], item))
        places = [place for place, item in enumerate(ranked, start=1) if item in wanted]
        result["mrr"].append(1 / places[0])
        for k in CUTOFFS:
            hits = [place for place in places if place <= k]
            ideal = math.fsum(1 / math.log2(n + 1) for n in range(1, min(k, len(wanted)) + 1))
            for name, value in {
                "ndcg": math.fsum(1 / math.log2(place + 1) for place in hits) / ideal,
                "recall": len(hits) / len(wanted),
                "hr": float(bool(hits)),
                "mrr": 1 / hits[0] if hits else 0.0,
                "map": math.fsum(n / place for n, place in enumerate(hits, 1)) / len(wanted),
            }.items():
                result.setdefault(f"{name}@{k}", []).append(value)
            shown[k].update(ranked[:k])
    coverage = {f"coverage@{k}": len(shown[k]) / task.candidates.sum() for k in CUTOFFS}
    return result, {name: math.fsum(values) / len(values) for name, values in result.items()
                    } | coverage


def test_task_leaves_out_met_unseen_and_irrelevant_items():
    task = _task([
        (0, 0, 1, TRAIN), (1, 1, 0, TRAIN), (1, 2, 1, TRAIN), (2, 0, 1, TRAIN),
        (0, 1, 1, TEST),  # counts
        (0, 0, 1, TEST),  # met in train
        (0, 3, 1, TEST),  # no event in train: not a candidate
        (1, 0, 0, TEST),  # irrelevant, so user 1 is not ranked
        (2, 2, 1, TEST), (2, 2, 1, TEST),  # counts once
    ], n_items=4)
    assert task.users.tolist() == [0, 2]
    assert task.candidates.tolist() == [True, True, True, False]
    assert task.excluded.toarray().tolist() == [[1, 0, 0, 0], [1, 0, 0, 0]]
    assert task.relevant.toarray().tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]


def test_metrics_by_hand():
    # User 0 of 13 items: items 3 and 7 are relevant, 0 is met; scores fall with the index, so
    # that the ranking is 1, 2, 3, ...: the relevant items stand third and seventh.
    events = [(1, item, 0, TRAIN) for item in range(13)]
    events += [(0, 0, 1, TRAIN), (0, 3, 1, TEST), (0, 7, 1, TEST)]
    task = _task(events, n_items=13)
    result = ranking_metrics(-np.arange(13.0)[None], task)
    ideal = 1 + 1 / np.log2(3)
    assert result.metrics["ndcg@10"] == pytest.approx((1 / np.log2(4) + 1 / np.log2(8)) / ideal)
    assert result.ndcg == pytest.approx([result.metrics["ndcg@10"]])
    assert result.metrics["recall@20"] == 1
    assert result.metrics["hr@10"] == 1
    assert result.metrics["mrr"] == pytest.approx(1 / 3)
    assert result.metrics["coverage@10"] == pytest.approx(10 / 13)
    assert (result.metrics["users"], result.metrics["relevant"]) == (1, 2)


@pytest.mark.parametrize("levels", [1, 3, 10**6])
def test_metrics_equal_the_reference_with_and_without_ties(levels, monkeypatch):
    monkeypatch.setattr(ranking, "_CELLS", 200)  # several batches
    rng = np.random.default_rng(levels)
    task = _random_task(rng, n_items=80, events=1500)  # more than the longest list
    scores = rng.integers(0, levels, task.relevant.shape).astype(np.float32)
    result = ranking_metrics(scores, task)
    of_each, expected = _reference(scores, task)
    assert result.per_user.keys() == of_each.keys()
    for name, values in of_each.items():
        np.testing.assert_allclose(result.per_user[name], values, rtol=0, atol=1e-9, err_msg=name)
    assert {name: result.metrics[name] for name in expected} == pytest.approx(
        expected, rel=0, abs=1e-9)


def test_scores_of_another_shape_are_refused():
    task = _random_task(np.random.default_rng(0))
    with pytest.raises(InputError, match=r"Scores have the shape \(2, 3\)"):
        ranking_metrics(np.zeros((2, 3)), task)


def test_scores_that_are_not_numbers_are_refused_but_not_where_they_do_not_count():
    task = _random_task(np.random.default_rng(0))
    scores = np.zeros(task.relevant.shape)
    scores[:, ~task.candidates] = np.nan
    ranking_metrics(scores, task)
    scores[0, task.relevant[0].indices[0]] = np.nan
    with pytest.raises(TesseraError, match="not finite"):
        ranking_metrics(scores, task)


def test_a_task_without_users_is_refused():
    task = _task([(0, 0, 1, TRAIN)], n_items=2)
    with pytest.raises(InputError, match="No user has a relevant candidate"):
        ranking_metrics(np.zeros((0, 2)), task)


def test_bootstrap_finds_a_difference_only_where_there_is_one():
    rng = np.random.default_rng(1)
    base = rng.random(400)
    better = paired_bootstrap(base + rng.normal(0.02, 0.05, 400), base)
    assert better.low < better.mean < better.high
    assert better.mean == pytest.approx(0.02, abs=0.01)
    assert better.low > 0
    assert better.p_value < 0.01
    noise = paired_bootstrap(base + rng.normal(0, 0.05, 400), base)
    assert noise.low < 0 < noise.high
    assert noise.p_value > 0.05
    # The interval of a mean is near the normal one: 1.96 standard errors each way.
    assert noise.high - noise.low == pytest.approx(2 * 1.96 * 0.05 / 20, rel=0.15)
    assert paired_bootstrap(base, base).p_value == 1


def test_a_batch_of_users_is_asked_at_a_time(monkeypatch):
    rng = np.random.default_rng(5)
    task = _random_task(rng)
    scores = rng.random((int(task.users.max()) + 1, task.relevant.shape[1]))
    monkeypatch.setattr(ranking, "_CELLS", 3 * scores.shape[1])
    sizes = []

    class Asked:
        def scores(self, users):
            sizes.append(len(users))
            return scores[users]

    result = ranking.rank(Asked(), task)
    assert max(sizes) == 3 and sum(sizes) == len(task.users)
    assert result.metrics == ranking_metrics(scores[task.users], task).metrics
    assert result.intervals()["mrr"][0] < result.metrics["mrr"] < result.intervals()["mrr"][1]
    assert len(task.sample(4).users) == 4 and task.sample(1000) is task


def test_what_lists_are_like():
    matrix = sparse.csr_matrix(np.array([[1, 1, 0, 0]] * 2 + [[1, 0, 1, 0]] * 2, float))
    metrics = list_metrics(np.array([[0, 1], [1, 2]]), matrix)
    # Items 0 and 1 share two of four and two users: a cosine of 2 / sqrt(8); 1 and 2 share none.
    assert metrics["diversity@10"] == pytest.approx(1 - (2 / np.sqrt(8) + 0) / 2)
    assert metrics["novelty@10"] == pytest.approx((0 + 1 + 1 + 1) / 4)
    assert list_metrics(np.array([[0, -1], [0, -1]]), matrix)["gini@10"] == pytest.approx(2 / 3)
    assert gini(np.array([2, 2, 2])) == pytest.approx(0)
