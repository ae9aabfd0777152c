"""What TFX's Transform component calls for each of the three tables."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature, FeatureSpec, Label, parse_spec
from trainer.preprocessing import columns
from trainer.preprocessing.audio import spectrogram
from trainer.preprocessing.behaviour import dense, moment_columns
from trainer.preprocessing.image import small_image
from trainer.preprocessing.text import heaviest, words
from trainer.preprocessing.video import small_frames

Tensors = dict[str, tf.Tensor]


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> Tensors:
    """Turns the raw columns of one table into model inputs.

    Args:
      inputs: Raw columns by name, dense where the schema fixes the shape, else sparse.
      custom_config: `spec` (name and texts), `side`, `modalities` and the recipe's
        `preprocessing` options by modality.

    Returns:
      Dense columns by name, see `trainer.preprocessing.columns`.
    """
    spec = parse_spec(**custom_config["spec"])
    side = custom_config["side"]
    if side == "interactions":
        return interaction_columns(inputs, spec)
    outputs = _identity(inputs, spec, side)
    for feature in spec.inputs(side, tuple(custom_config["modalities"])):
        options = custom_config["preprocessing"].get(feature.modality, {})
        transform = MODALITY_TRANSFORMS[str(feature.modality)]
        outputs.update(transform(inputs[feature.name], feature, **options))
    return outputs


def interaction_columns(inputs: dict[str, Any], spec: FeatureSpec) -> Tensors:
    """Turns raw interactions into ids, labels, context and history; nothing here is fitted."""
    outputs = {
        columns.USER_ID: _as_string(_one(inputs[spec.role("user_id").name])),
        columns.ITEM_ID: _as_string(_one(inputs[spec.role("item_id").name])),
    }
    now = _moment(inputs, spec)
    outputs[columns.TIMESTAMP] = now
    outputs.update((columns.label(label.name), _label(inputs, label)) for label in spec.labels)
    unseen = spec.unseen()
    if unseen is not None:
        drawn = _as_string(inputs[unseen.name])
        outputs[columns.UNSEEN_ID] = dense(drawn, int(unseen.max_values or 0), "")
    if spec.event_weights():
        outputs[columns.EVENT_WEIGHT] = _event_weight(inputs, spec)
    for what in event_values(spec):
        value = _number(inputs[what])
        outputs[columns.event_value(what)] = tf.where(tf.math.is_nan(value), -1.0, value)
    outputs.update(history_columns(inputs, now, spec))
    return outputs


def _moment(inputs: dict[str, Any], spec: FeatureSpec) -> tf.Tensor:
    """Returns the time of each row in seconds, int64 `(batch,)`, -1 where the data has none."""
    if spec.has_role("timestamp"):
        return _one(inputs[spec.role("timestamp").name])
    anything = _one(inputs[spec.role("item_id").name])
    return tf.fill(tf.shape(anything), tf.constant(-1, tf.int64))


def _label(inputs: dict[str, Any], label: Label) -> tf.Tensor:
    """Returns a label, float32 `(batch,)`, NaN where a row has none."""
    if label.equals is not None:
        text = _one(inputs[label.feature])
        same = tf.cast(tf.equal(text, label.equals), tf.float32)
        return tf.where(tf.equal(text, ""), float("nan"), same)
    value = _number(inputs[label.feature])
    if label.threshold is None:
        return value
    reached = tf.cast(value >= label.threshold, tf.float32)
    return tf.where(tf.math.is_nan(value), value, reached)


def _event_weight(inputs: dict[str, Any], spec: FeatureSpec) -> tf.Tensor:
    """Returns how much each event counts in training, float32 `(batch,)`."""
    kind = _one(inputs[spec.role("event_type").name])
    weight = tf.fill(tf.shape(kind), 1.0)
    for name, value in spec.event_weights().items():
        weight = tf.where(tf.equal(kind, name), tf.constant(value, tf.float32), weight)
    return weight


def event_values(spec: FeatureSpec) -> tuple[str, ...]:
    """Returns the columns whose past values histories hold, besides item and time."""
    return tuple(what for what in spec.histories() if what not in ("item_id", "timestamp"))


def history_columns(inputs: dict[str, Any], now: tf.Tensor, spec: FeatureSpec) -> Tensors:
    """Turns raw histories into dense columns relative to the moment `now`, `(batch,)` seconds."""
    histories = spec.histories()
    if "item_id" not in histories or "timestamp" not in histories:
        return {}
    length = int(histories["item_id"].max_values or 0)
    times = dense(inputs[histories["timestamp"].name], length, -1)
    items = _as_string(inputs[histories["item_id"].name])
    outputs = {columns.HISTORY_ITEM_ID: dense(items, length, ""), **moment_columns(times, now)}
    for what in event_values(spec):
        past = dense(inputs[histories[what].name], length, -1)
        outputs[columns.history_value(what)] = tf.cast(past, tf.float32)
    return outputs


def _identity(inputs: dict[str, Any], spec: FeatureSpec, side: str) -> Tensors:
    feature = spec.id_key(side)
    identity = _one(inputs[feature.name])
    # By descending weight: integers in ascending order.
    weights = -tf.cast(identity, tf.float32) if feature.dtype is int else None
    text = _as_string(identity)
    vocabulary = tft.vocabulary(text, weights=weights, vocab_filename=columns.INDEX)
    outputs = {columns.INDEX: tft.apply_vocabulary(text, vocabulary)}
    events = spec.event_count(side)
    if events:
        outputs[columns.EVENTS] = tf.maximum(_one(inputs[events.name]), 0)
    return outputs


def _categorical(column: Any, feature: Feature, vocabulary: int) -> Tensors:
    text = _as_string(column)
    if isinstance(text, tf.Tensor):
        text = tf.sparse.from_dense(text)
    index = tft.compute_and_apply_vocabulary(
        text, top_k=vocabulary, num_oov_buckets=1, vocab_filename=feature.name
    )
    # 0 is 'no value', so that padding never meets a word.
    shifted = tf.SparseTensor(index.indices, index.values + 1, index.dense_shape)
    return {feature.name: dense(shifted, feature.max_values or 16, 0)}


def _numeric(column: Any, feature: Feature) -> Tensors:
    value = _number(column)
    known = tf.logical_not(tf.math.is_nan(value))
    filled = tf.where(known, value, tf.zeros_like(value))
    weight = tf.cast(known, tf.float32)
    count = tft.sum(weight)
    mean = tf.math.divide_no_nan(tft.sum(filled), count)
    square = tf.math.divide_no_nan(tft.sum(filled * filled), count)
    deviation = tf.sqrt(tf.maximum(square - mean * mean, 1e-12))
    return {
        feature.name: (filled - mean) / tf.maximum(deviation, 1e-6) * weight,
        columns.present(feature.name): weight,
    }


def _text(column: Any, feature: Feature, tokens: int, vocabulary: int) -> Tensors:
    split = words(_one(column)).to_sparse()
    index = tft.compute_and_apply_vocabulary(
        split, top_k=vocabulary, num_oov_buckets=1, vocab_filename=feature.name
    )
    shifted = tf.SparseTensor(index.indices, index.values + 1, index.dense_shape)
    # Index 0 is padding and never a word, hence two more than the vocabulary's size.
    distinct, tfidf = tft.tfidf(shifted, vocab_size=vocabulary + 2)
    ids, weights = heaviest(distinct, tfidf, tokens)
    return {
        feature.name: dense(shifted, tokens, 0),
        columns.tfidf_ids(feature.name): ids,
        columns.tfidf(feature.name): weights,
    }


def _image(column: Any, feature: Feature, height: int, width: int) -> Tensors:
    encoded = _one(column)
    return {
        feature.name: small_image(encoded, height, width),
        columns.present(feature.name): tf.cast(tf.strings.length(encoded) > 0, tf.float32),
    }


def _audio(column: Any, feature: Feature, seconds: float, mels: int, mfcc: int) -> Tensors:
    picture, coefficients, present = spectrogram(_one(column), seconds, mels, mfcc)
    return {
        feature.name: picture,
        columns.mfcc(feature.name): coefficients,
        columns.present(feature.name): present,
    }


def _video(column: Any, feature: Feature, frames: int, height: int, width: int) -> Tensors:
    pictures, present = small_frames(_one(column), frames, height, width)
    return {feature.name: pictures, columns.present(feature.name): present}


def _one(column: Any) -> tf.Tensor:
    """Returns a scalar column as `(batch,)`: "", -1 or NaN where there is no value."""
    default = {tf.string: b"", tf.int64: -1}.get(column.dtype, float("nan"))
    return dense(column, 1, default)[:, 0]


def _number(column: Any) -> tf.Tensor:
    """Returns a scalar number as float32 `(batch,)`, NaN where there is no value."""
    return _one(tf.cast(column, tf.float32))


def _as_string(column: Any) -> Any:
    if column.dtype == tf.string:
        return column
    if isinstance(column, tf.SparseTensor):
        return tf.SparseTensor(
            column.indices, tf.strings.as_string(column.values), column.dense_shape
        )
    return tf.strings.as_string(column)


MODALITY_TRANSFORMS: dict[str, Callable[..., Tensors]] = {
    "categorical": _categorical,
    "numeric": _numeric,
    "text": _text,
    "image": _image,
    "audio": _audio,
    "video": _video,
}
