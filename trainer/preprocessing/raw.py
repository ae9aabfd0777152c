"""Raw columns, as Transform and the signatures hand them over, and the terms that they know."""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft


def dense(column: tf.SparseTensor | tf.Tensor, width: int, default: object) -> tf.Tensor:
    """Pads or cuts a column to a fixed number of values.

    Args:
      column: Values, sparse or dense `(batch, any)`.
      width: Values to keep, the first ones.
      default: What fills the rest.

    Returns:
      `(batch, width)`, of the column's dtype.
    """
    if isinstance(column, tf.SparseTensor):
        column = tf.sparse.to_dense(column, default_value=tf.constant(default, column.dtype))
    filler = tf.constant(default, column.dtype)
    # Padded by all that could be missing: no arithmetic on shapes, which each trace would repeat.
    padded = tf.pad(column[:, :width], [[0, 0], [0, width]], constant_values=filler)
    return tf.ensure_shape(padded[:, :width], (None, width))


def one(column: Any) -> tf.Tensor:
    """Returns a scalar column as `(batch,)`: "", -1 or NaN where there is no value."""
    default = {tf.string: b"", tf.int64: -1}.get(column.dtype, float("nan"))
    return dense(column, 1, default)[:, 0]


def number(column: Any) -> tf.Tensor:
    """Returns a scalar number as float32 `(batch,)`, NaN where there is no value."""
    return one(tf.cast(column, tf.float32))


def as_string(column: Any) -> Any:
    """Returns a column of strings or integers as strings, sparse where it was."""
    if column.dtype == tf.string:
        return column
    if isinstance(column, tf.SparseTensor):
        return tf.SparseTensor(
            column.indices, tf.strings.as_string(column.values), column.dense_shape
        )
    return tf.strings.as_string(column)


def fit_vocabulary(terms: tf.SparseTensor, name: str, most: int, rows: int,
                   said_before: tf.SparseTensor | None = None) -> tf.Tensor:
    """Fits a vocabulary, the most frequent term first.

    Args:
      terms: Terms of each row, strings `(batch, any)`.
      name: Name of its file.
      most: Terms in it.
      rows: Rows that must have a term; each counts once. No frequency is looked at where it is 1.
      said_before: Terms that do not count in a row, `(batch, any)`.

    Returns:
      The file, for `tft.apply_vocabulary`.
    """
    if rows == 1:
        return tft.vocabulary(terms, top_k=most, vocab_filename=name)
    # Both are sets: a row that repeats a term has it once.
    once = tf.sets.union(terms, terms) if said_before is None \
        else tf.sets.difference(terms, said_before)
    return tft.vocabulary(once, top_k=most, frequency_threshold=rows, vocab_filename=name)
