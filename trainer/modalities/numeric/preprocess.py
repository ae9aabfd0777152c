"""Numbers to a scale of their own."""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.preprocessing.raw import number


def standard(column: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns numbers minus their mean, by their deviation; and 1.0 where there is one, `(batch,)`.

    An absent number is 0.
    """
    value = number(column)
    known = tf.logical_not(tf.math.is_nan(value))
    filled = tf.where(known, value, tf.zeros_like(value))
    weight = tf.cast(known, tf.float32)
    count = tft.sum(weight)
    mean = tf.math.divide_no_nan(tft.sum(filled), count)
    square = tf.math.divide_no_nan(tft.sum(filled * filled), count)
    deviation = tf.sqrt(tf.maximum(square - mean * mean, 1e-12))
    return (filled - mean) / tf.maximum(deviation, 1e-6) * weight, weight
