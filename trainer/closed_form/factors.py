"""Low-rank factors of sparse matrices, in closed form."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from trainer.training.one_thread import one_thread


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
    kept = values > 1e-6 * max(values.max(initial=0.0), 1e-12)
    order = np.argsort(-values[kept], kind="stable")
    return vectors[kept][order].T.astype(np.float32)


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
