"""Full-catalogue ranking metrics: every candidate is ranked, none is sampled.

Sampled metrics reorder models (Krichene and Rendle, KDD 2020), so each user's relevant items are
ranked among all candidates that the user has no event with yet.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from schemas.errors import InputError, TesseraError

CUTOFFS = (5, 10, 20, 50)
_HEAD = 10  # As many items are shown: of them are NDCG of each user, diversity and novelty.
PRIMARY = f"ndcg@{_HEAD}"  # what models are compared by
_CELLS = 1 << 24  # Scores in work at once: bounds the memory whatever the catalogue's size.


@dataclass(frozen=True)
class RankingTask:
    """Who is ranked, and against what.

    Attributes:
      users: User indices in ascending order, `(q,)`; each has at least one relevant item.
      candidates: Whether an item may be recommended at all, `(n_items,)` bool.
      excluded: What each user has an event with already, `(q, n_items)` bool.
      relevant: What each user should be shown, `(q, n_items)` bool; candidates that are not
        excluded.
    """

    users: np.ndarray
    candidates: np.ndarray
    excluded: sparse.csr_matrix
    relevant: sparse.csr_matrix

    def take(self, rows: np.ndarray) -> "RankingTask":
        """Returns the task of some of its rows, given as positions or as a `(q,)` bool mask."""
        return RankingTask(
            self.users[rows], self.candidates, self.excluded[rows], self.relevant[rows]
        )

    def sample(self, users: int, seed: int = 0) -> "RankingTask":
        """Returns the task of at most so many of its users, drawn at random."""
        if len(self.users) <= users:
            return self
        drawn = np.random.default_rng(seed).choice(len(self.users), users, replace=False)
        return self.take(np.sort(drawn))


class Scorer(Protocol):
    """Whatever scores the catalogue for users; a batch of them is asked at a time."""

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float."""


@dataclass(frozen=True)
class RankingResult:
    """How good a ranking is.

    Attributes:
      metrics: Means over the users: `ndcg@k`, `recall@k`, `hr@k`, `mrr@k` and `map@k` for k of
        `CUTOFFS`, and `mrr` over the full ranking; further `coverage@k` (share of the candidates
        in somebody's first k) and the counts `users` and `relevant`.
      per_user: Those means' values of each user, `(q,)` by name, for paired comparisons.
      top: Each user's first ten items, best first, `(q, 10)` int; -1 where no candidate is left.
    """

    metrics: dict[str, float]
    per_user: dict[str, np.ndarray]
    top: np.ndarray

    @property
    def ndcg(self) -> np.ndarray:
        """NDCG@10 of each user, `(q,)`."""
        return self.per_user[PRIMARY]

    def intervals(self, draws: int = 1000, seed: int = 0) -> dict[str, tuple[float, float]]:
        """Returns the 95 % interval of each mean, by resampling the users."""
        rng = np.random.default_rng(seed)
        values = np.stack(list(self.per_user.values()), axis=1)
        size = len(values)
        means = [values[rng.integers(size, size=size)].mean(axis=0) for _ in range(draws)]
        low, high = np.quantile(means, (0.025, 0.975), axis=0)
        return dict(zip(self.per_user, zip(low.tolist(), high.tolist(), strict=True),
                        strict=True))


@dataclass(frozen=True)
class PairedDifference:
    """The mean difference between two rankings of the same users.

    Attributes:
      mean: Mean of a - b.
      low: Lower bound of the 95 % confidence interval.
      high: Upper bound of the 95 % confidence interval.
      p_value: Two-sided p value of no difference.
    """

    mean: float
    low: float
    high: float
    p_value: float


def ranking_task(
    users: np.ndarray,
    items: np.ndarray,
    relevant: np.ndarray,
    *,
    known: np.ndarray,
    held_out: np.ndarray,
    n_items: int,
) -> RankingTask:
    """Builds the task of ranking held-out events.

    Args:
      users: User index of each event, `(events,)` int.
      items: Item index of each event, `(events,)` int.
      relevant: Whether the event makes its item relevant, `(events,)` bool.
      known: Events that the model may have seen, `(events,)` bool: train, or train and
        validation. Their items are the candidates, and their pairs are excluded.
      held_out: Events to score, `(events,)` bool: the validation or the test split.
      n_items: Size of the catalogue.

    Returns:
      The task, over the users who have a relevant candidate.
    """
    shape = (int(users.max(initial=-1)) + 1, n_items)
    seen = _pairs(users[known], items[known], shape)
    candidates = np.zeros(n_items, bool)
    candidates[items[known]] = True
    wanted = held_out & relevant & candidates[items]
    target = (_pairs(users[wanted], items[wanted], shape) > seen).tocsr()
    ranked = np.flatnonzero(np.diff(target.indptr))
    return RankingTask(ranked, candidates, seen[ranked], target[ranked])


def ranking_metrics(scores: np.ndarray, task: RankingTask) -> RankingResult:
    """Scores a ranking that is there as a whole; see `rank`.

    Args:
      scores: Score of each item for each user of the task, `(q, n_items)` float.
      task: Who is ranked, and against what.

    Raises:
      InputError: The scores do not have the task's shape, or the task has no user.
      TesseraError: A candidate's score is not a finite number.
    """
    if scores.shape != task.relevant.shape:
        raise InputError(
            "ranking-scores-misshapen",
            f"Scores have the shape {scores.shape}, the ranking task has {task.relevant.shape}: "
            "give one row a ranked user and one column an item."
        )
    return _ranked(lambda rows: scores[rows], task)


def rank(scorer: Scorer, task: RankingTask) -> RankingResult:
    """Ranks the whole catalogue for each user and scores the ranking.

    Equal scores rank in catalogue order. NDCG has binary gains and the ideal of
    `min(k, relevant)` hits (Jarvelin and Kekalainen 2002); MAP divides by all relevant items.
    A batch of users is asked at a time, so that memory does not grow with their number.

    Args:
      scorer: What gives the scores of users of the task.
      task: Who is ranked, and against what.

    Returns:
      Means over the users, and the NDCG@10 and the first items of each.

    Raises:
      InputError: The task has no user.
      TesseraError: A candidate's score is not a finite number.
    """
    return _ranked(lambda rows: scorer.scores(task.users[rows]), task)


def _ranked(scores: Callable[[slice], np.ndarray], task: RankingTask) -> RankingResult:
    if not len(task.users):
        raise InputError("nothing-to-rank",
                         "No user has a relevant candidate to rank: check the split and the label.")
    parts, tops = [], []
    shown = np.zeros((len(CUTOFFS), len(task.candidates)), bool)
    for rows, allowed, relevant in _batches(task):
        batch = scores(rows)
        if not np.isfinite(batch[allowed]).all():
            raise TesseraError(
                "training-diverged",
                "A model gave scores that are not finite numbers: its training has diverged."
            )
        masked = np.where(allowed, batch, -np.inf)
        top = _top(masked, min(max(CUTOFFS), masked.shape[1]))
        first = _first_rank(masked, relevant)
        hits = np.take_along_axis(relevant, top, axis=1)
        parts.append(_per_user(hits, relevant.sum(axis=1), first))
        there = np.take_along_axis(allowed, top, axis=1)
        for place, k in enumerate(CUTOFFS):
            shown[place, top[:, :k][there[:, :k]]] = True
        tops.append(np.where(there, top, -1)[:, :_HEAD])
    per_user = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    metrics = {name: float(values.mean()) for name, values in per_user.items()}
    metrics |= {f"coverage@{k}": float(seen.sum() / task.candidates.sum())
                for k, seen in zip(CUTOFFS, shown, strict=True)}
    metrics |= {"users": len(task.users), "relevant": int(task.relevant.nnz)}
    return RankingResult(metrics, per_user, np.concatenate(tops))


def _per_user(hits: np.ndarray, count: np.ndarray, first: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the metrics of each user.

    Args:
      hits: Whether the item at each place is relevant, `(batch, places)` bool.
      count: Number of each user's relevant items, `(batch,)`.
      first: Place of the first of them, from 1 on, `(batch,)`.
    """
    gains = 1 / np.log2(np.arange(max(CUTOFFS)) + 2)
    precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    metrics = {"mrr": 1 / first}
    for k in CUTOFFS:
        head = hits[:, :k]
        ideal = np.cumsum(gains[:k])[np.minimum(count, k) - 1]
        metrics[f"ndcg@{k}"] = head @ gains[: head.shape[1]] / ideal
        metrics[f"recall@{k}"] = head.sum(axis=1) / count
        metrics[f"hr@{k}"] = head.any(axis=1).astype(float)
        metrics[f"mrr@{k}"] = np.where(first <= k, 1 / first, 0.0)
        metrics[f"map@{k}"] = (precision[:, :k] * head).sum(axis=1) / count
    return metrics


def paired_bootstrap(
    a: np.ndarray, b: np.ndarray, draws: int = 2000, seed: int = 0
) -> PairedDifference:
    """Compares two rankings of the same users by resampling the users.

    Args:
      a: A metric of each user under one ranking, `(q,)`.
      b: The same under the other, in the same order, `(q,)`.
      draws: Number of resamples.
      seed: Seed of the resampling.

    Returns:
      Mean difference with its percentile interval and p value (Efron and Tibshirani 1993).
    """
    difference = np.asarray(a, float) - np.asarray(b, float)
    rng = np.random.default_rng(seed)
    size = len(difference)
    means = np.array([difference[rng.integers(size, size=size)].mean() for _ in range(draws)])
    # The observed sample counts as one draw, so that p is never 0.
    below, above = (means <= 0).sum() + 1, (means >= 0).sum() + 1
    low, high = np.quantile(means, (0.025, 0.975))
    return PairedDifference(
        float(difference.mean()), float(low), float(high),
        float(min(1.0, 2 * min(below, above) / (draws + 1))),
    )


def _pairs(users: np.ndarray, items: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(users), bool), (users, items)), shape=shape)


def _batches(task: RankingTask) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yields rows of the task with their dense masks of allowed and of relevant items."""
    size = max(1, _CELLS // len(task.candidates))
    for start in range(0, len(task.users), size):
        rows = slice(start, start + size)
        yield (
            rows,
            task.candidates & ~task.excluded[rows].toarray(),
            task.relevant[rows].toarray(),
        )


def _top(scores: np.ndarray, k: int) -> np.ndarray:
    """Returns the columns of the k highest scores, best first; ties in column order."""
    last = np.partition(scores, -k, axis=1)[:, [-k]]
    above, tied = scores > last, scores == last
    chosen = above | (tied & (np.cumsum(tied, axis=1) <= k - above.sum(axis=1, keepdims=True)))
    columns = np.nonzero(chosen)[1].reshape(len(scores), k)
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)


def _first_rank(scores: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Returns the rank, from 1 on, of each row's best relevant item."""
    best = np.where(relevant, scores, -np.inf).argmax(axis=1)[:, None]
    value = np.take_along_axis(scores, best, axis=1)
    before = (scores == value) & (np.arange(scores.shape[1]) < best)
    return 1 + (scores > value).sum(axis=1) + before.sum(axis=1)
