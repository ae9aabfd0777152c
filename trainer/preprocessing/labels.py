"""Labels of a table's rows, as the tasks learn them."""

from typing import Any

import tensorflow as tf

from schemas import FeatureSpec, Label
from trainer.preprocessing import columns
from trainer.preprocessing.raw import number, one

Tensors = dict[str, tf.Tensor]


def label_columns(inputs: dict[str, Any], spec: FeatureSpec, side: str) -> Tensors:
    """Returns every label of a table by its column, float32 `(batch,)`, NaN where a row has none.

    A categorical label is the place of its class in the schema.
    """
    return {columns.label(label.name): _label(inputs, label) for label in spec.labels_of(side)}


def _label(inputs: dict[str, Any], label: Label) -> tf.Tensor:
    if label.classes:
        same = tf.equal(one(inputs[label.feature])[:, None], tf.constant(label.classes)[None, :])
        place = tf.cast(tf.argmax(tf.cast(same, tf.int32), axis=1), tf.float32)
        return tf.where(tf.reduce_any(same, axis=1), place, float("nan"))
    if label.equals is not None:
        text = one(inputs[label.feature])
        same = tf.cast(tf.equal(text, label.equals), tf.float32)
        return tf.where(tf.equal(text, ""), float("nan"), same)
    value = number(inputs[label.feature])
    if label.threshold is None:
        return value
    reached = tf.cast(value >= label.threshold, tf.float32)
    return tf.where(tf.math.is_nan(value), value, reached)
