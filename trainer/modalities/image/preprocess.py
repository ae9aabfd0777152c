"""Encoded pictures to small tensors."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from schemas import Feature
from trainer.preprocessing import columns
from trainer.preprocessing.raw import one


def preprocess(column: Any, feature: Feature, options: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Returns a column's pictures, see `small_image`, and 1.0 where there is one, `(batch,)`."""
    encoded = one(column)
    return {feature.name: small_image(encoded, **options),
            columns.present(feature.name): tf.cast(tf.strings.length(encoded) > 0, tf.float32)}


def small_image(encoded: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Decodes and shrinks pictures; each is decoded once, here.

    Args:
      encoded: Pictures as `schemas.media.as_seen` gives them, `(batch,)`; the empty string where
        there is none. Of any other JPEG, PNG, GIF or BMP what TensorFlow's decoder reads.
      height: Rows of the result.
      width: Columns of the result.

    Returns:
      Colour values 0 to 255 as int64, `(batch, height, width, 3)`; zeros where there is none.
    """

    def decode(one: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(one, channels=3, expand_animations=False)
        pixels = tf.image.resize(pixels, (height, width), antialias=True)
        return tf.cast(tf.clip_by_value(tf.round(pixels), 0, 255), tf.uint8)

    def decode_or_zeros(one: tf.Tensor) -> tf.Tensor:
        return tf.cond(
            tf.equal(tf.strings.length(one), 0),
            lambda: tf.zeros((height, width, 3), tf.uint8),
            lambda: decode(one),
        )

    pixels = tf.map_fn(
        decode_or_zeros, encoded,
        fn_output_signature=tf.TensorSpec((height, width, 3), tf.uint8),
    )
    # Transform's files know int64, float32 and bytes only.
    return tf.ensure_shape(tf.cast(pixels, tf.int64), (None, height, width, 3))
