"""Rankers that need no deep learning and that a model has to beat in the same job.

All learn from the same binary matrix of relevant events. What there is to tune is tuned on the
validation split; the baseline is then fitted afresh on train and validation together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from schemas.progress import Progress
from trainer.evaluation.ranking import RankingTask, ranking_metrics
from trainer.training.one_thread import one_thread

_MOST_ITEMS = 20_000  # EASE inverts a dense matrix of this side: 3.2 GB.
_EASE_PENALTIES = (50.0, 100.0, 200.0, 400.0, 800.0)
_IALS_PENALTIES = (0.005, 0.01, 0.02)
_IALS_DIM, _IALS_EPOCHS, _IALS_UNOBSERVED = 96, 6, 0.4
_SYSTEMS = 256  # Solved at once: 9 MB of them.

Fit = Callable[[sparse.csr_matrix, np.ndarray, float], np.ndarray]


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline.

    Attributes:
      scores: Score of each item for each user of the test task, `(q, n_items)`, or `None`.
      penalty: The regularisation chosen on validation, `None` where there is none.
      skipped: Why there are no scores; empty when there are.
    """

    scores: np.ndarray | None
    penalty: float | None = None
    skipped: str = ""


def fit_baselines(
    train: sparse.csr_matrix,
    validation_task: RankingTask,
    known: sparse.csr_matrix,
    test_task: RankingTask,
) -> dict[str, Baseline]:
    """Tunes and fits every baseline.

    Args:
      train: Relevant events of the train split, `(n_users, n_items)` of 0 and 1.
      validation_task: The ranking of the validation split, to tune on.
      known: Relevant events of train and validation, `(n_users, n_items)` of 0 and 1.
      test_task: The ranking to score.

    Returns:
      The baselines by name.
    """
    def tuned(fit: Fit, penalties: tuple[float, ...]) -> Baseline:
        progress = Progress(f"{fit.__name__}, fits", len(penalties) + 1)
        penalty = _best(fit, penalties, train, validation_task, progress)
        return Baseline(fit(known, test_task.users, penalty), penalty)

    found = {"popularity": Baseline(popularity(known, test_task.users))}
    if known.shape[1] <= _MOST_ITEMS:
        found["ease"] = tuned(ease, _EASE_PENALTIES)
    else:
        found["ease"] = Baseline(None, skipped=(
            f"EASE inverts a dense matrix of items by items; {known.shape[1]:,} items are more "
            f"than the {_MOST_ITEMS:,} it is run for."
        ))
    found["ials"] = tuned(ials, _IALS_PENALTIES)
    return found


def popularity(positives: sparse.csr_matrix, users: np.ndarray) -> np.ndarray:
    """Scores items by their number of relevant events.

    Args:
      positives: Relevant events, `(n_users, n_items)` of 0 and 1.
      users: Users to score for, `(q,)`.

    Returns:
      Scores, `(q, n_items)` float64; each row is the same.
    """
    counts = np.asarray(positives.sum(axis=0), float)
    return np.broadcast_to(counts, (len(users), positives.shape[1]))


def ease(positives: sparse.csr_matrix, users: np.ndarray, penalty: float) -> np.ndarray:
    """Scores items by a linear item-to-item model with zero diagonal, in closed form.

    Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019 (arXiv:1905.03375).

    Args:
      positives: Relevant events, `(n_users, n_items)` of 0 and 1.
      users: Users to score for, `(q,)`.
      penalty: Weight of the squared norm, above 0.

    Returns:
      Scores, `(q, n_items)` float64.
    """
    # An item without a relevant event has zero weights: leaving it out keeps the inverse small.
    columns = np.flatnonzero(positives.getnnz(axis=0))
    seen = positives[:, columns].astype(float)
    gram = (seen.T @ seen).toarray()
    gram[np.diag_indices_from(gram)] += penalty
    with one_thread(len(gram)):
        precision = linalg.inv(gram, overwrite_a=True, check_finite=False)
    weights = precision / -np.diag(precision)
    np.fill_diagonal(weights, 0.0)
    scores = np.zeros((len(users), positives.shape[1]))
    scores[:, columns] = seen[users] @ weights
    return scores


def ials(positives: sparse.csr_matrix, users: np.ndarray, penalty: float) -> np.ndarray:
    """Scores items by implicit-feedback matrix factorization with alternating least squares.

    Hu, Koren and Volinsky, ICDM 2008, with the regularisation of Rendle et al., Revisiting the
    Performance of iALS, RecSys 2022 (arXiv:2110.14044): a row's penalty grows with its number of
    events and with the weight of what it did not meet.

    Args:
      positives: Relevant events, `(n_users, n_items)` of 0 and 1.
      users: Users to score for, `(q,)`.
      penalty: Weight of the squared norms, above 0.

    Returns:
      Scores, `(q, n_items)` float32.
    """
    rng = np.random.default_rng(0)
    scale = 0.1 / np.sqrt(_IALS_DIM)
    item_factors = rng.normal(0, scale, (positives.shape[1], _IALS_DIM)).astype(np.float32)
    by_item = positives.T.tocsr()
    progress = Progress("iALS, rows solved", _IALS_EPOCHS * sum(positives.shape))
    with one_thread():
        for _ in range(_IALS_EPOCHS):
            user_factors = _least_squares(positives, item_factors, penalty, progress.add)
            item_factors = _least_squares(by_item, user_factors, penalty, progress.add)
    return user_factors[users] @ item_factors.T


def _least_squares(positives: sparse.csr_matrix, others: np.ndarray, penalty: float,
                   solved: Callable[[int], None] = lambda rows: None) -> np.ndarray:
    """Returns the best factors of each row, `(rows, dim)`, given those of the columns.

    A row without events has factors of 0; `solved` is told how many rows are done.
    """
    dim = others.shape[1]
    factors = np.zeros((positives.shape[0], dim), others.dtype)
    gram = _IALS_UNOBSERVED * (others.T @ others)
    counts = np.diff(positives.indptr)
    rows = np.flatnonzero(counts)
    solved(len(counts) - len(rows))
    for start in range(0, len(rows), _SYSTEMS):
        some = rows[start : start + _SYSTEMS]
        systems = np.empty((len(some), dim, dim), others.dtype)
        targets = np.empty((len(some), dim), others.dtype)
        for place, row in enumerate(some):
            met = others[positives.indices[positives.indptr[row] : positives.indptr[row + 1]]]
            systems[place], targets[place] = gram + met.T @ met, met.sum(axis=0)
        weights = penalty * (counts[some] + _IALS_UNOBSERVED * len(others))
        systems[:, np.arange(dim), np.arange(dim)] += weights[:, None].astype(others.dtype)
        factors[some] = np.linalg.solve(systems, targets[:, :, None])[:, :, 0]
        solved(len(some))
    return factors


def _best(fit: Fit, penalties: tuple[float, ...], train: sparse.csr_matrix, task: RankingTask,
          progress: Progress) -> float:
    """Returns the penalty of the highest validation NDCG@10."""
    if not len(task.users):
        return penalties[len(penalties) // 2]
    return max(
        progress.over(penalties),
        key=lambda penalty: ranking_metrics(fit(train, task.users, penalty), task)
        .metrics["ndcg@10"],
    )
