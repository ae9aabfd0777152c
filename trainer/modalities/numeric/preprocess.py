"""Numbers to a scale of their own."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature
from trainer.preprocessing import columns
from trainer.preprocessing.raw import number


def preprocess(column: Any, feature: Feature, options: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Returns numbers minus their mean, by their deviation, 0 where absent; and which are there."""
    value = number(column)
    known = tf.logical_not(tf.math.is_nan(value))
    filled = tf.where(known, value, tf.zeros_like(value))
    weight = tf.cast(known, tf.float32)
    count = tft.sum(weight)
    mean = tf.math.divide_no_nan(tft.sum(filled), count)
    square = tf.math.divide_no_nan(tft.sum(filled * filled), count)
    deviation = tf.sqrt(tf.maximum(square - mean * mean, 1e-12))
    return {feature.name: (filled - mean) / tf.maximum(deviation, 1e-6) * weight,
            columns.present(feature.name): weight}
