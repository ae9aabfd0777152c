"""Raw columns, as Transform and the signatures hand them over, in one form."""

from typing import Any

import tensorflow as tf

from trainer.behaviour.moment import dense


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
