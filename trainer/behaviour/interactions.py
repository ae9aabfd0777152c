"""Raw interactions to ids, labels, context and history; labels of any table's rows."""

from typing import Any

import tensorflow as tf

from schemas import FeatureSpec, Label
from trainer.behaviour.moment import moment_columns
from trainer.behaviour.past import NOTHING, Past, event_values
from trainer.behaviour.strings import string_columns
from trainer.preprocessing import columns
from trainer.preprocessing.raw import as_string, dense, number, one

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


def interaction_columns(
    inputs: dict[str, Any], spec: FeatureSpec, past: Past = NOTHING
) -> Tensors:
    """Turns raw interactions into ids, labels, context and history.

    Nothing is fitted but the vocabularies of event types and of reviews, where they are read.
    """
    outputs = {
        columns.USER_ID: as_string(one(inputs[spec.role("user_id").name])),
        columns.ITEM_ID: as_string(one(inputs[spec.role("item_id").name])),
    }
    now = _moment(inputs, spec)
    outputs[columns.TIMESTAMP] = now
    outputs.update(label_columns(inputs, spec, "interactions"))
    unseen = spec.unseen()
    if unseen is not None:
        drawn = as_string(inputs[unseen.name])
        outputs[columns.UNSEEN_ID] = dense(drawn, int(unseen.max_values or 0), "")
    if spec.event_weights():
        outputs[columns.EVENT_WEIGHT] = _event_weight(inputs, spec)
    for what in event_values(spec):
        value = number(inputs[what])
        outputs[columns.event_value(what)] = tf.where(tf.math.is_nan(value), -1.0, value)
    outputs.update(history_columns(inputs, now, spec, past))
    return outputs


def _moment(inputs: dict[str, Any], spec: FeatureSpec) -> tf.Tensor:
    """Returns the time of each row in seconds, int64 `(batch,)`, -1 where the data has none."""
    if spec.has_role("timestamp"):
        return one(inputs[spec.role("timestamp").name])
    anything = one(inputs[spec.role("item_id").name])
    return tf.fill(tf.shape(anything), tf.constant(-1, tf.int64))


def _event_weight(inputs: dict[str, Any], spec: FeatureSpec) -> tf.Tensor:
    """Returns how much each event counts in training, float32 `(batch,)`."""
    kind = one(inputs[spec.role("event_type").name])
    weight = tf.fill(tf.shape(kind), 1.0)
    for name, value in spec.event_weights().items():
        weight = tf.where(tf.equal(kind, name), tf.constant(value, tf.float32), weight)
    return weight


def history_columns(
    inputs: dict[str, Any], now: tf.Tensor, spec: FeatureSpec, past: Past
) -> Tensors:
    """Turns raw histories into dense columns relative to the moment `now`, `(batch,)` seconds."""
    if not spec.has_history:
        return {}
    histories = spec.histories()
    length = int(histories["item_id"].max_values or 0)
    times = dense(inputs[histories["timestamp"].name], length, -1)
    items = as_string(inputs[histories["item_id"].name])
    outputs = {columns.HISTORY_ITEM_ID: dense(items, length, ""),
               **moment_columns(times, now, past)}
    for what in event_values(spec):
        values = dense(inputs[histories[what].name], length, -1)
        outputs[columns.history_value(what)] = tf.cast(values, tf.float32)
    outputs.update(string_columns(inputs, spec, past))
    return outputs
