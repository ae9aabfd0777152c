"""Videos to a few small frames.

Reads the form that ingest writes (`schemas.media`); anything else is an absent video, and no
bytes, however broken, stop the graph.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from schemas import Feature
from schemas.media import VIDEO_BYTES, VIDEO_FRAMES, VIDEO_HEADER, VIDEO_SIDE
from trainer.preprocessing import columns
from trainer.preprocessing.raw import one


def preprocess(column: Any, feature: Feature, options: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Returns a column's frames, see `small_frames`, and 1.0 where there is a video."""
    frames, present = small_frames(one(column), **options)
    return {feature.name: frames, columns.present(feature.name): present}


def small_frames(
    encoded: tf.Tensor, frames: int, height: int, width: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Takes evenly spaced frames and shrinks them; one video after the other.

    Args:
      encoded: Videos as ingest writes them, `(batch,)`; the empty string where there is none.
      frames: Frames wanted, at most 16.
      height: Rows of a frame.
      width: Columns of a frame.

    Returns:
      Colour values 0 to 255 as int64, `(batch, frames, height, width, 3)`, zeros where there is no
      video; and 1.0 where there is one, `(batch,)`.
    """
    present = is_video(encoded)
    shape = (frames, height, width, 3)
    places = np.linspace(0, VIDEO_FRAMES - 1, frames).round().astype(int)

    def shrink(one: tf.Tensor) -> tf.Tensor:
        body = tf.strings.substr(one, len(VIDEO_HEADER), VIDEO_BYTES - len(VIDEO_HEADER))
        strip = tf.reshape(
            tf.io.decode_raw(body, tf.uint8), (VIDEO_FRAMES, VIDEO_SIDE, VIDEO_SIDE, 3))
        # A BMP starts with its lowest row, and its colours are blue, green, red.
        pixels = tf.gather(strip[::-1, ::-1, :, ::-1], places)
        pixels = tf.image.resize(pixels, (height, width), tf.image.ResizeMethod.AREA)
        return tf.cast(tf.clip_by_value(tf.round(pixels), 0, 255), tf.uint8)

    pixels = tf.map_fn(
        lambda given: tf.cond(
            given[1], lambda: shrink(given[0]), lambda: tf.zeros(shape, tf.uint8)),
        (encoded, present), fn_output_signature=tf.TensorSpec(shape, tf.uint8),
    )
    # Transform's files know int64, float32 and bytes only.
    pixels = tf.ensure_shape(tf.cast(pixels, tf.int64), (None, *shape))
    return pixels, tf.cast(present, tf.float32)


def is_video(encoded: tf.Tensor) -> tf.Tensor:
    """Returns which strings are videos in the form of ingest, bool `(batch,)`."""
    padded = tf.strings.join([encoded, "." * len(VIDEO_HEADER)])
    header = tf.strings.substr(padded, 0, len(VIDEO_HEADER))
    return tf.logical_and(
        tf.equal(header, VIDEO_HEADER), tf.equal(tf.strings.length(encoded), VIDEO_BYTES))
