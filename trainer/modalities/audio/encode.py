"""Sounds as pretrained encoders take them: float32 samples of -1 to 1 at 16 kHz."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from schemas.media import SOUND_RATE, WAV_HEADER
from trainer.modalities.audio.preprocess import is_sound
from trainer.modalities.encoder_input import EncoderInput


def _reader(options: Any, takes: tf.TensorSpec) -> Callable:
    fixed = takes.shape[-1] if takes.shape.rank else None
    count = fixed or round(options.seconds * SOUND_RATE)
    return lambda raw: _sounds(raw, count)


def _sounds(raw: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns samples `(batch, count)`, which share of them is sound, and `present`."""
    present = is_sound(raw)

    def samples(one: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        there = tf.maximum(tf.strings.length(one[0]) - WAV_HEADER, 0) // 2
        available = tf.where(one[1], there, 0)
        length = tf.minimum(available, count)
        start = tf.where(one[1], WAV_HEADER + 2 * ((available - length) // 2), 0)
        body = tf.io.decode_raw(tf.strings.substr(one[0], start, 2 * length), tf.int16)
        padded = tf.pad(tf.cast(body, tf.float32) / 32_768.0, [[0, count - length]])
        return tf.ensure_shape(padded, (count,)), tf.cast(length, tf.float32) / count

    sounds, share = tf.map_fn(
        samples, (raw, present), fn_output_signature=(
            tf.TensorSpec((count,), tf.float32), tf.TensorSpec((), tf.float32)))
    return sounds, share, tf.cast(present, tf.float32)


INPUT = EncoderInput(
    tf.float32, (1, 2), "float32 (batch, samples), or one sound (samples,)", _reader, lasts=True)
