"""Topics of texts by non-negative matrix factorization: fitted on a table, found in any text.

Lee & Seung, "Algorithms for non-negative matrix factorization" (2001): the TF-IDF weights of texts
by terms are taken for a product of texts by topics and topics by terms, none of them negative.
"""

import hashlib
from collections.abc import Iterator

import apache_beam as beam
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from scipy import sparse

# Texts that a fit reads, chosen by a digest of their content where a table has more.
_MAX_TEXTS = 50_000
_FIT_STEPS = 150
_FOLD_STEPS = 40
_TINY = 1e-9


def fitted_topics(
    ids: tf.Tensor, weights: tf.Tensor, topics: int, terms: int
) -> tf.Tensor:
    """Fits topics to all rows of a table.

    Args:
      ids: Distinct terms of each text, int64 `(batch, width)`, 0 for none.
      weights: Their weights, `(batch, width)`, 0 for a term that does not count.
      topics: How many.
      terms: Number of ids.

    Returns:
      The terms' weights in each topic, float32 `(topics, terms)`, each topic of length 1; zeros
      where no row has a term.
    """
    [matrix] = tft.experimental.ptransform_analyzer(
        [ids, weights], _Fit(topics, terms), [tf.float32], [[topics, terms]])
    return matrix


def topic_shares(ids: tf.Tensor, weights: tf.Tensor, topics: tf.Tensor) -> tf.Tensor:
    """Tells how much of each topic a text has.

    Args:
      ids: Distinct terms of each text, int64 `(batch, width)`, 0 for none.
      weights: Their weights, `(batch, width)`.
      topics: What `fitted_topics` returned.

    Returns:
      Shares, `(batch, topics)`; they sum to 1, or to 0 where a text has no term of any topic.
    """
    by_term = tf.gather(tf.transpose(topics), ids)
    match = tf.einsum("bt,btk->bk", tf.math.l2_normalize(weights, axis=1), by_term)
    overlap = tf.matmul(topics, topics, transpose_b=True)
    # The same rule as in the fit, with the topics held fixed.
    found = match
    for _ in range(_FOLD_STEPS):
        found *= match / (tf.matmul(found, overlap) + _TINY)
    return tf.math.divide_no_nan(found, tf.reduce_sum(found, axis=1, keepdims=True))


def factorize(matrix: sparse.csr_matrix, topics: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Factorizes a matrix without negative values.

    Args:
      matrix: Texts by terms.
      topics: Rank of the product.
      seed: Of the start.

    Returns:
      Texts by topics and topics by terms; the latter's rows have length 1, or 0.
    """
    random = np.random.default_rng(seed)
    scale = np.sqrt(matrix.mean() / topics)
    texts = scale * random.uniform(0.1, 1.0, (matrix.shape[0], topics))
    terms = scale * random.uniform(0.1, 1.0, (topics, matrix.shape[1]))
    for _ in range(_FIT_STEPS):
        terms *= (matrix.T @ texts).T / (texts.T @ texts @ terms + _TINY)
        texts *= (matrix @ terms.T) / (texts @ (terms @ terms.T) + _TINY)
    length = np.linalg.norm(terms, axis=1)
    return texts * length, terms / np.maximum(length, _TINY)[:, None]


class _Fit(beam.PTransform):
    """Fits the topics to batches of ids and weights."""

    def __init__(self, topics: int, terms: int):
        super().__init__()
        self._topics, self._terms = topics, terms

    def expand(self, batches):
        topics, terms = self._topics, self._terms
        return (
            batches
            | "Texts" >> beam.FlatMap(_texts)
            | "Some" >> beam.combiners.Top.Of(_MAX_TEXTS, key=_digest)
            | "Fit" >> beam.Map(_fit, topics, terms)
        )


def _texts(batch: tuple[np.ndarray, np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for ids, weights in zip(*batch, strict=True):
        there = weights > 0
        if there.any():
            yield ids[there], weights[there]


def _digest(text: tuple[np.ndarray, np.ndarray]) -> bytes:
    return hashlib.sha256(text[0].tobytes() + text[1].tobytes()).digest()


def _fit(texts: list[tuple[np.ndarray, np.ndarray]], topics: int, terms: int) -> np.ndarray:
    if not texts:
        return np.zeros((topics, terms), np.float32)
    rows = np.repeat(np.arange(len(texts)), [len(ids) for ids, _ in texts])
    values = np.concatenate([weights / np.linalg.norm(weights) for _, weights in texts])
    ids = np.concatenate([ids for ids, _ in texts])
    matrix = sparse.csr_matrix((values, (rows, ids)), (len(texts), terms), np.float64)
    return factorize(matrix, topics)[1].astype(np.float32)
