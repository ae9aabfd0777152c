"""Weights of a late fusion: those of the highest NDCG@10 on validation, bagged.

A search on one draw of users follows their chance; the mean over searches on several draws does
not (bagging, Breiman 1996).
"""

from collections.abc import Callable, Sequence

import numpy as np

from trainer.evaluation.ranking import RankingTask

_TRIED = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0)
_ROUNDS, _BAGS, _SHARE = 3, 8, 0.6
_TOP = 10
_GAIN = 1e-4  # A smaller one moves no weight.
_CELLS = 1 << 26  # Scores held at once.
_CONTENDERS = 2_000  # Of a large catalogue, a user's items that can be among the first.


def sampled(task: RankingTask, rankers: int) -> RankingTask:
    """Returns the task of so many of its users that the scores of all rankers fit in memory."""
    return task.sample(max(_CELLS // (len(task.candidates) * max(rankers, 1)), 50))


def standardised(scores: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Returns scores of mean 0 and deviation 1 over each user's known items, `(q, items)`."""
    own = scores[:, known]
    mean, deviation = own.mean(axis=1, keepdims=True), own.std(axis=1, keepdims=True)
    return (scores - mean) / np.where(deviation > 1e-6, deviation, np.inf)


def fit_weights(scores: Sequence[np.ndarray], task: RankingTask, seed: int) -> np.ndarray:
    """Finds the weights of standardised scores.

    Args:
      scores: Each ranker's scores of the task's users, `(q, items)`, see `standardised`.
      task: The ranking of the validation split.
      seed: Seed of the draws.

    Returns:
      `(rankers,)`, none below 0, of sum 1; equal ones where the task has no user.
    """
    if not len(task.users):
        return np.full(len(scores), 1 / len(scores))
    search = _Search(scores, task)
    random, size = np.random.default_rng(seed), len(task.users)
    draws = [random.choice(size, max(1, round(_SHARE * size)), replace=False)
             for _ in range(_BAGS)]
    return np.mean([search.best(np.sort(rows)) for rows in draws], axis=0)


def weighted_sum(weights: np.ndarray, scores: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the sum of scores by their weights."""
    return np.sum([weight * one for weight, one in zip(weights, scores, strict=True)], axis=0)


class _Search:
    """A coordinate search on the rows of a task."""

    def __init__(self, scores: Sequence[np.ndarray], task: RankingTask):
        columns = np.flatnonzero(task.candidates)
        excluded = task.excluded[:, columns].toarray()
        parts = [one[:, columns].astype(np.float32) for one in scores]
        relevant = task.relevant[:, columns].toarray()
        self._top = min(_TOP, len(columns))
        self._gains = 1 / np.log2(np.arange(self._top) + 2)
        count = np.minimum(relevant.sum(axis=1).astype(int), self._top)
        self._ideal = np.cumsum(self._gains)[count - 1]
        some = _contenders(parts, excluded)
        self._excluded = np.take_along_axis(excluded, some, axis=1)
        self._parts = [np.take_along_axis(one, some, axis=1) for one in parts]
        self._relevant = np.take_along_axis(relevant, some, axis=1).astype(np.float32)

    def best(self, rows: np.ndarray) -> np.ndarray:
        """Returns the best weights for some rows, of sum 1."""
        parts, ndcg = [part[rows] for part in self._parts], self._measure(rows)
        alone = [ndcg(part) for part in parts]
        weights = np.zeros(len(parts))
        weights[int(np.argmax(alone))] = 1.0
        reached, total = max(alone), parts[int(np.argmax(alone))].copy()
        for _ in range(_ROUNDS):
            moved = False
            for place, part in enumerate(parts):
                others = total - weights[place] * part
                if not (weights.sum() - weights[place]):
                    continue  # another weight of the only ranker is the same ranking
                scores = [ndcg(others + value * part) for value in _TRIED]
                top = int(np.argmax(scores))
                if scores[top] > reached + _GAIN:
                    reached, weights[place], moved = scores[top], _TRIED[top], True
                    total = others + weights[place] * part
            if not moved:
                break
        return weights / weights.sum()

    def _measure(self, rows: np.ndarray) -> Callable[[np.ndarray], float]:
        """Returns what measures scores of some rows: their mean NDCG@10."""
        excluded, relevant, ideal = self._excluded[rows], self._relevant[rows], self._ideal[rows]

        def ndcg(scores: np.ndarray) -> float:
            losses = np.where(excluded, np.inf, -scores)
            top = np.argpartition(losses, self._top - 1, axis=1)[:, : self._top]
            order = np.argsort(np.take_along_axis(losses, top, axis=1), axis=1, kind="stable")
            hits = np.take_along_axis(relevant, np.take_along_axis(top, order, 1), axis=1)
            return float(np.mean(hits @ self._gains / ideal))

        return ndcg


def _contenders(parts: Sequence[np.ndarray], excluded: np.ndarray) -> np.ndarray:
    """Returns the items that some ranker has highest for each user, ascending, `(q, some)`.

    The search ranks thousands of sums, which takes too long for a large catalogue. An item that no
    ranker has among its first is hardly among the first of a sum.
    """
    items = excluded.shape[1]
    if items <= _CONTENDERS:
        return np.broadcast_to(np.arange(items), excluded.shape)
    losses = np.where(excluded, np.inf, -np.max(parts, axis=0))
    return np.sort(np.argpartition(losses, _CONTENDERS - 1, axis=1)[:, :_CONTENDERS], axis=1)
