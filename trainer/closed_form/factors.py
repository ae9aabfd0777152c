"""Low-rank factors of sparse matrices, in closed form and by alternating least squares."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from schemas.log import Progress
from trainer.closed_form.events import Events
from trainer.closed_form.one_thread import one_thread

_SYSTEMS = 256  # Solved at once: 9 MB of them at 96 dimensions.
_EPOCHS = 6


def right_factors(matrix: sparse.csr_matrix, dim: int, seed: int) -> np.ndarray:
    """Returns the leading right singular vectors, `(columns, at most dim)` float32, orthonormal.

    Args:
      matrix: `(rows, columns)`.
      dim: Vectors wanted; fewer where the matrix has no more.
      seed: Seed of the iteration's start.
    """
    matrix = matrix.astype(np.float64)
    most = min(matrix.shape)
    if not matrix.count_nonzero():  # ARPACK refuses it from scipy 1.17 on
        return np.zeros((matrix.shape[1], 0), np.float32)
    with one_thread(dim):  # the vectors of an iteration are long, but few
        if dim < most:
            start = np.random.default_rng(seed).normal(size=most)
            values, vectors = svds(matrix, k=dim, v0=start)[1:]
        else:
            values, vectors = np.linalg.svd(matrix.toarray(), full_matrices=False)[1:]
    nonzero = values > 1e-6 * max(values.max(initial=0.0), 1e-12)
    order = np.argsort(-values[nonzero], kind="stable")
    return vectors[nonzero][order].T.astype(np.float32)


def nonnegative_factors(matrix: sparse.csr_matrix, dim: int, seed: int) -> np.ndarray:
    """Returns the columns' factors of a non-negative factorization (Lee and Seung 1999).

    Args:
      matrix: `(rows, columns)`, nothing below 0.
      dim: Factors wanted; fewer where the matrix has no more rows or columns.
      seed: Seed of the start.

    Returns:
      `(columns, at most dim)` float32.
    """
    from sklearn.decomposition import NMF

    model = NMF(min(dim, *matrix.shape), init="nndsvda", random_state=seed, max_iter=300, tol=1e-3)
    with one_thread(dim):
        model.fit(matrix)
    return model.components_.T.astype(np.float32)


def folding(factors: np.ndarray) -> np.ndarray:
    """Returns what each column adds to the factors of a row that has it, by least squares.

    A row's factors are then the sum over its columns, and their product with `factors` comes
    closest to the row. For orthonormal factors it is these themselves.
    """
    gram = factors.T @ factors
    ridge = 1e-6 * max(float(np.trace(gram)) / max(len(gram), 1), 1e-12)
    with one_thread(len(gram)):
        solved = np.linalg.solve(gram + ridge * np.eye(len(gram)), factors.T)
    return solved.T.astype(np.float32)


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
    """Fits iALS (Hu, Koren and Volinsky, ICDM 2008).

    Args:
      events: What to learn from.
      relevant_only: Whether to leave out events that are not relevant.
      penalty: Weight of the squared norms, above 0.
      unobserved: Weight of a cell without an event, where one with an event has 1.
      dim: Number of factors.
    """
    return _fit_ials(events.matrix(relevant_only), penalty, unobserved, int(dim), None)


def fit_content_ials(events: Events, relevant_only: bool, penalty: float, unobserved: float,
                     dim: float, content: np.ndarray, content_penalty: float) -> Factors:
    """Fits iALS whose penalty draws an item's factors not to 0 but to what its content says.

    The fewer events an item has, the more its content says (Agarwal and Chen, KDD 2009).

    Args:
      events: See `fit_ials`.
      relevant_only: See `fit_ials`.
      penalty: See `fit_ials`.
      unobserved: See `fit_ials`.
      dim: See `fit_ials`.
      content: Content of all items, `(items, content)`.
      content_penalty: See `regression_on_content`.
    """
    counts = events.item_counts(relevant_only)

    def centres(items: np.ndarray) -> np.ndarray:
        slopes = regression_on_content(content, items, counts, content_penalty)
        return (slopes[0] + content @ slopes[1:]).astype(np.float32)

    return _fit_ials(events.matrix(relevant_only), penalty, unobserved, int(dim),
                     centres if content.shape[1] and counts.any() else None)


def _fit_ials(matrix: sparse.csr_matrix, penalty: float, unobserved: float, dim: int,
              centres: Callable[[np.ndarray], np.ndarray] | None) -> Factors:
    """Fits users and items by turns; `centres` is what the items' factors are drawn to."""
    matrix = matrix.astype(np.float32)
    items = np.random.default_rng(0).normal(
        0, 0.1 / np.sqrt(dim), (matrix.shape[1], dim)).astype(np.float32)
    by_item, drawn_to = matrix.T.tocsr(), None
    progress = Progress("iALS, rows solved", _EPOCHS * sum(matrix.shape))
    with one_thread():
        for _ in range(_EPOCHS):
            users = least_squares(matrix, items, penalty, unobserved, progress.add)
            items = least_squares(by_item, users, penalty, unobserved, progress.add, drawn_to)
            drawn_to = None if centres is None else centres(items)
    return Factors(users, items)


def regression_on_content(content: np.ndarray, vectors: np.ndarray, counts: np.ndarray,
                          penalty: float) -> np.ndarray:
    """Returns the ridge regression of items' vectors on their content, `(1 + content, dim)`.

    An item weighs by the root of its events: its vector is the less certain, the fewer it has.

    Args:
      content: Content of all items, `(items, content)`.
      vectors: What to predict by it, `(items, dim)`.
      counts: Number of events that each item's vector is made of, `(items,)`; one at least.
      penalty: Weight of the squared norms, in widths of the content.

    Returns:
      A constant, and a row for each number of the content.
    """
    known = counts > 0
    weight = np.sqrt(counts[known] / counts[known].mean())[:, None]
    of, own = content[known], vectors[known].astype(float)
    centre, mean = (np.average(one, axis=0, weights=weight[:, 0]) for one in (of, own))
    slopes = ridge(of - centre, own - mean, penalty * len(centre), weight)
    return np.concatenate([(mean - centre @ slopes)[None], slopes])


def ridge(content: np.ndarray, values: np.ndarray, penalty: float,
          weights: np.ndarray | None = None) -> np.ndarray:
    """Returns the slopes of a ridge regression, `(content, dim)`.

    Args:
      content: Content of each item about its mean, `(items, content)`.
      values: What to predict by it about its mean, `(items, dim)`.
      penalty: Weight of the squared norms.
      weights: Of each item, `(items, 1)`; 1 where not given.
    """
    weighted = content if weights is None else weights * content
    with one_thread(content.shape[1]):
        return np.linalg.solve(weighted.T @ content + penalty * np.eye(content.shape[1]),
                               weighted.T @ values)


def least_squares(matrix: sparse.csr_matrix, others: np.ndarray, penalty: float, unobserved: float,
                  solved: Callable[[int], None] = lambda rows: None,
                  centres: np.ndarray | None = None) -> np.ndarray:
    """Returns the best factors of each row, given those of the columns.

    Args:
      matrix: `(rows, columns)` of 0 and 1.
      others: Factors of the columns, `(columns, dim)`.
      penalty: Weight of the squared norms.
      unobserved: Weight of a cell without an event.
      solved: Is called with the number of rows done since it was called last.
      centres: What the penalty draws each row's factors to, `(rows, dim)`; 0 where not given.

    Returns:
      `(rows, dim)`; a row without events has zeros.
    """
    dim = others.shape[1]
    factors = np.zeros((matrix.shape[0], dim), others.dtype)
    gram = unobserved * (others.T @ others)
    counts = np.diff(matrix.indptr)
    rows = np.flatnonzero(counts)
    solved(len(counts) - len(rows))
    for start in range(0, len(rows), _SYSTEMS):
        some = rows[start : start + _SYSTEMS]
        systems = np.empty((len(some), dim, dim), others.dtype)
        targets = np.empty((len(some), dim), others.dtype)
        for place, row in enumerate(some):
            own = others[matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]]
            systems[place], targets[place] = gram + own.T @ own, own.sum(axis=0)
        weights = penalty * (counts[some] + unobserved * len(others)).astype(others.dtype)[:, None]
        systems[:, np.arange(dim), np.arange(dim)] += weights
        if centres is not None:
            targets += weights * centres[some]
        factors[some] = np.linalg.solve(systems, targets[:, :, None])[:, :, 0]
        solved(len(some))
    return factors
