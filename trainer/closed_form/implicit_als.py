"""iALS: factors of users and items by alternating least squares over all cells.

Hu, Koren and Volinsky, ICDM 2008, with the regularisation of Rendle et al., Revisiting the
Performance of iALS, RecSys 2022 (arXiv:2110.14044): a row's penalty grows with its number of
events and with the weight of what it did not meet.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from schemas.progress import Progress
from trainer.closed_form.events import Events
from trainer.training.one_thread import one_thread

_SYSTEMS = 256  # Solved at once: 9 MB of them at 96 dimensions.
_EPOCHS = 6


@dataclass(frozen=True)
class Factors:
    """Factors whose inner products are the scores.

    Attributes:
      users: `(n_users, dim)` float32; zeros for who has no event.
      items: `(n_items, dim)` float32; zeros for what has no event.
    """

    users: np.ndarray
    items: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float32."""
        return self.users[users] @ self.items.T


def fit_ials(events: Events, relevant_only: bool, penalty: float, unobserved: float,
             dim: float) -> Factors:
    """Fits iALS.

    Args:
      events: What to learn from.
      relevant_only: Whether to leave out events that are not relevant.
      penalty: Weight of the squared norms, above 0.
      unobserved: Weight of a cell without an event, where one with an event has 1.
      dim: Number of factors.
    """
    met = events.matrix(relevant_only).astype(np.float32)
    width = int(dim)
    items = np.random.default_rng(0).normal(
        0, 0.1 / np.sqrt(width), (events.n_items, width)).astype(np.float32)
    by_item = met.T.tocsr()
    progress = Progress("iALS, rows solved", _EPOCHS * sum(met.shape))
    with one_thread():
        for _ in range(_EPOCHS):
            users = least_squares(met, items, penalty, unobserved, progress.add)
            items = least_squares(by_item, users, penalty, unobserved, progress.add)
    return Factors(users, items)


def least_squares(met: sparse.csr_matrix, others: np.ndarray, penalty: float, unobserved: float,
                  solved: Callable[[int], None] = lambda rows: None) -> np.ndarray:
    """Returns the best factors of each row, given those of the columns.

    Args:
      met: `(rows, columns)` of 0 and 1.
      others: Factors of the columns, `(columns, dim)`.
      penalty: Weight of the squared norms.
      unobserved: Weight of a cell without an event.
      solved: Is called with the number of rows done since it was called last.

    Returns:
      `(rows, dim)`; a row without events has zeros.
    """
    dim = others.shape[1]
    factors = np.zeros((met.shape[0], dim), others.dtype)
    gram = unobserved * (others.T @ others)
    counts = np.diff(met.indptr)
    rows = np.flatnonzero(counts)
    solved(len(counts) - len(rows))
    for start in range(0, len(rows), _SYSTEMS):
        some = rows[start : start + _SYSTEMS]
        systems = np.empty((len(some), dim, dim), others.dtype)
        targets = np.empty((len(some), dim), others.dtype)
        for place, row in enumerate(some):
            own = others[met.indices[met.indptr[row] : met.indptr[row + 1]]]
            systems[place], targets[place] = gram + own.T @ own, own.sum(axis=0)
        weights = penalty * (counts[some] + unobserved * len(others))
        systems[:, np.arange(dim), np.arange(dim)] += weights[:, None].astype(others.dtype)
        factors[some] = np.linalg.solve(systems, targets[:, :, None])[:, :, 0]
        solved(len(some))
    return factors
