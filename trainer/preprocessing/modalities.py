"""What becomes of a raw column of each modality: fitted on its table, then columns of the model."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature
from trainer.preprocessing import columns
from trainer.preprocessing.audio import frame_count, spectrogram
from trainer.preprocessing.behaviour import dense
from trainer.preprocessing.column import Column, Purpose
from trainer.preprocessing.image import small_image
from trainer.preprocessing.raw import as_string, number, one
from trainer.preprocessing.text_columns import declared_text, text_columns
from trainer.preprocessing.video import small_frames

Tensors = dict[str, tf.Tensor]
_CATEGORIES = 16  # values kept of a row where the schema sets no bound


@dataclass(frozen=True)
class Transform:
    """What becomes of a raw column of a modality.

    Attributes:
      columns: Declares the columns, given the feature and the options.
      tensors: Makes them, given the raw column, the feature and the options.
    """

    columns: Callable[[Feature, Mapping[str, Any]], Iterator[Column]]
    tensors: Callable[..., Tensors]


def _present(feature: Feature) -> Column:
    return Column(columns.present(feature.name), feature.name, "float32",
                  purpose=Purpose.PRESENT)


def _declared_categorical(feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
    yield Column(feature.name, feature.name, "int32", (feature.max_values or _CATEGORIES,))


def _categorical(column: Any, feature: Feature, vocabulary: int) -> Tensors:
    text = as_string(column)
    if isinstance(text, tf.Tensor):
        text = tf.sparse.from_dense(text)
    index = tft.compute_and_apply_vocabulary(
        text, top_k=vocabulary, num_oov_buckets=1, vocab_filename=feature.name
    )
    # 0 is 'no value', so that padding never meets a word.
    shifted = tf.SparseTensor(index.indices, index.values + 1, index.dense_shape)
    return {feature.name: dense(shifted, feature.max_values or _CATEGORIES, 0)}


def _declared_numeric(feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
    yield Column(feature.name, feature.name, "float32")
    yield _present(feature)


def _numeric(column: Any, feature: Feature) -> Tensors:
    value = number(column)
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


def _declared_image(feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
    yield Column(feature.name, feature.name, "uint8", (options["height"], options["width"], 3))
    yield _present(feature)


def _image(column: Any, feature: Feature, height: int, width: int) -> Tensors:
    encoded = one(column)
    return {
        feature.name: small_image(encoded, height, width),
        columns.present(feature.name): tf.cast(tf.strings.length(encoded) > 0, tf.float32),
    }


def _declared_audio(feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
    frames = frame_count(options["seconds"])
    yield Column(feature.name, feature.name, "uint8", (frames, options["mels"], 1))
    yield Column(columns.mfcc(feature.name), feature.name, "float32", (2 * options["mfcc"],),
                 purpose=Purpose.CEPSTRUM)
    yield _present(feature)


def _audio(column: Any, feature: Feature, seconds: float, mels: int, mfcc: int) -> Tensors:
    picture, coefficients, present = spectrogram(one(column), seconds, mels, mfcc)
    return {
        feature.name: picture,
        columns.mfcc(feature.name): coefficients,
        columns.present(feature.name): present,
    }


def _declared_video(feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
    shape = options["frames"], options["height"], options["width"], 3
    yield Column(feature.name, feature.name, "uint8", shape)
    yield _present(feature)


def _video(column: Any, feature: Feature, frames: int, height: int, width: int) -> Tensors:
    pictures, present = small_frames(one(column), frames, height, width)
    return {feature.name: pictures, columns.present(feature.name): present}


MODALITY_TRANSFORMS: dict[str, Transform] = {
    "categorical": Transform(_declared_categorical, _categorical),
    "numeric": Transform(_declared_numeric, _numeric),
    "text": Transform(declared_text, text_columns),
    "image": Transform(_declared_image, _image),
    "audio": Transform(_declared_audio, _audio),
    "video": Transform(_declared_video, _video),
}
