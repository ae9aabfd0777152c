"""Topics of texts by non-negative matrix factorization: fitted on a table, found in any text.

Lee & Seung, "Algorithms for non-negative matrix factorization" (2001): the TF-IDF weights of texts
by terms are taken for a product of texts by topics and topics by terms, none of them negative.
"""

import hashlib

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


def fitted_topics(ids: tf.Tensor, topics: int, terms: int, width: int) -> tf.Tensor:
    """Fits topics to all rows of a table.

    The weights are computed here once more: an analysis that waits for that of TF-IDF, which waits
    for that of the vocabulary, is one too many for Beam's local runner.

    Args:
      ids: Terms of each text as often as it has them, int64 `(batch, any)`, 0 for none.
      topics: How many.
      terms: Number of ids.
      width: Terms kept of a text, the heaviest.

    Returns:
      The terms' weights in each topic, float32 `(topics, terms)`, each topic of length 1; zeros
      where no row has a term.
    """
    [matrix] = tft.experimental.ptransform_analyzer(
        [ids], _Fit(topics, terms, width), [tf.float32], [[topics, terms]])
    return matrix


def topic_shares(ids: tf.Tensor, weights: tf.Tensor, topics: tf.Tensor) -> tf.Tensor:
    """Returns how much of each topic a text has.

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
    shares = match
    for _ in range(_FOLD_STEPS):
        shares *= match / (tf.matmul(shares, overlap) + _TINY)
    return tf.math.divide_no_nan(shares, tf.reduce_sum(shares, axis=1, keepdims=True))


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
    """Fits topics to batches of terms."""

    def __init__(self, *sizes: int):
        super().__init__()
        self._sizes = sizes

    def expand(self, batches):
        return (
            batches
            | "Texts" >> beam.FlatMap(lambda batch: list(batch[0]))
            | "Some" >> beam.CombineGlobally(
                beam.combiners.TopCombineFn(_MAX_TEXTS, key=_digest)).without_defaults()
            | "Fit" >> beam.Map(fit, *self._sizes)
        )


def _digest(text: np.ndarray) -> bytes:
    return hashlib.sha256(text[text > 0].tobytes()).digest()


def fit(texts: list[np.ndarray], topics: int, terms: int, width: int) -> np.ndarray:
    """Fits topics to texts, given as arrays of ids; see `fitted_topics`."""
    matrix = tfidf(texts, terms, width)
    if not matrix.nnz:
        return np.zeros((topics, terms), np.float32)
    return factorize(matrix, topics)[1].astype(np.float32)


def tfidf(texts: list[np.ndarray], terms: int, width: int) -> sparse.csr_matrix:
    """Weighs terms as `tft.tfidf` does.

    Args:
      texts: Ids of each text, 0 for none.
      terms: Number of ids.
      width: Terms kept of a text, the heaviest.

    Returns:
      Texts by terms, each text of length 1 or empty.
    """
    distinct = [np.unique(text[text > 0], return_counts=True) for text in texts]
    rows_with = np.bincount(np.concatenate([ids for ids, _ in distinct]), minlength=terms)
    rarity = 1 + np.log((len(texts) + 1) / (rows_with + 1))
    values, kept = [], []
    for ids, counts in distinct:
        weights = counts * rarity[ids]
        heaviest = np.argsort(-weights, kind="stable")[:width]
        values.append(weights[heaviest] / max(np.linalg.norm(weights[heaviest]), _TINY))
        kept.append(ids[heaviest])
    ends = np.cumsum([0, *map(len, kept)])
    return sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(kept), ends), (len(texts), terms))
