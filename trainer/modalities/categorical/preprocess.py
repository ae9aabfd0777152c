"""Categories to indices of a vocabulary."""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.preprocessing.behaviour import dense
from trainer.preprocessing.raw import as_string


def indices(column: Any, name: str, values: int, vocabulary: int) -> tf.Tensor:
    """Returns the indices of values, `(batch, values)`; 0 is no value, so that padding is none.

    Args:
      column: Raw values.
      name: The vocabulary's name.
      values: Values kept of a row.
      vocabulary: Values that are known, the most frequent.
    """
    text = as_string(column)
    if isinstance(text, tf.Tensor):
        text = tf.sparse.from_dense(text)
    index = tft.compute_and_apply_vocabulary(
        text, top_k=vocabulary, num_oov_buckets=1, vocab_filename=name)
    shifted = tf.SparseTensor(index.indices, index.values + 1, index.dense_shape)
    return dense(shifted, values, 0)
