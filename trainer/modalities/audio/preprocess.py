"""Sounds to log-mel spectrograms and cepstral coefficients, with tf.signal.

Reads the form that ingest writes (`schemas.media`); anything else is an absent sound, and no
bytes, however broken, stop the graph.
"""

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from schemas import Feature
from schemas.media import SOUND_RATE, WAV_FORMAT, WAV_HEADER
from trainer.modalities.audio.names import mfcc
from trainer.preprocessing import columns
from trainer.preprocessing.raw import one

WINDOW, HOP = 512, 320  # samples: 32 and 20 milliseconds
_HERTZ = (40.0, 7600.0)
_FLOOR, _CEILING = math.log(1e-6), 10.0  # of a log-mel value, for samples of -1 to 1


def frame_count(seconds: float) -> int:
    """Returns how many frames a spectrogram of some seconds has."""
    return 1 + max(0, _samples(seconds) - WINDOW) // HOP


def preprocess(column: Any, feature: Feature, options: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Returns a column's spectrograms and cepstra, see `spectrogram`, and which are there."""
    picture, coefficients, present = spectrogram(one(column), **options)
    return {feature.name: picture, mfcc(feature.name): coefficients,
            columns.present(feature.name): present}


def spectrogram(
    encoded: tf.Tensor, seconds: float, mels: int, mfcc: int
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Decodes sounds and analyzes them; each is decoded once, here, one after the other.

    Args:
      encoded: Sounds as ingest writes them, `(batch,)`; the empty string where there is none.
      seconds: How much of the middle is kept; a shorter sound is in the middle of silence.
      mels: Bands of the spectrogram.
      mfcc: Cepstral coefficients.

    Returns:
      The log-mel spectrogram, 1 to 255 as int64, `(batch, frames, mels, 1)`, 0 where a frame is
      beyond the sound; mean and standard deviation over the sound's frames of each coefficient,
      float32 `(batch, 2 * mfcc)`; and 1.0 where there is a sound, `(batch,)`.
    """
    present = is_sound(encoded)
    frames = frame_count(seconds)

    def analyze(given: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        samples, inside = centred_samples(given[0], _samples(seconds))
        inside = tf.logical_and(inside, given[1])
        energy = log_mel(samples, mels)
        scaled = 1 + 254 * (energy - _FLOOR) / (_CEILING - _FLOOR)
        picture = tf.where(inside[:, None], tf.clip_by_value(tf.round(scaled), 1, 255), 0.0)
        return tf.cast(picture, tf.uint8), cepstrum(energy, inside, mfcc)

    pictures, coefficients = tf.map_fn(
        analyze, (encoded, present),
        fn_output_signature=(tf.TensorSpec((frames, mels), tf.uint8),
                             tf.TensorSpec((2 * mfcc,), tf.float32)),
    )
    # Transform's files know int64, float32 and bytes only.
    pictures = tf.ensure_shape(tf.cast(pictures, tf.int64)[..., None], (None, frames, mels, 1))
    return (pictures, tf.ensure_shape(coefficients, (None, 2 * mfcc)),
            tf.cast(present, tf.float32))


def is_sound(encoded: tf.Tensor) -> tf.Tensor:
    """Returns which strings are sounds in the form of ingest, bool `(batch,)`."""
    padded = tf.strings.join([encoded, "." * WAV_HEADER])
    right = [
        tf.equal(tf.strings.substr(padded, 0, 4), b"RIFF"),
        tf.equal(tf.strings.substr(padded, 8, len(WAV_FORMAT)), WAV_FORMAT),
        tf.equal(tf.strings.substr(padded, WAV_HEADER - 8, 4), b"data"),
        tf.strings.length(encoded) >= WAV_HEADER + 2,
    ]
    return tf.reduce_all(tf.stack(right), axis=0)


def centred_samples(encoded: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Cuts or pads a sound to a number of samples, the middle staying in the middle.

    Args:
      encoded: One string, a sound or anything else.
      count: Samples wanted.

    Returns:
      Samples of -1 to 1, `(count,)`, and which frames of them overlap the sound, `(frames,)`.
    """
    padded = tf.strings.join([encoded, "." * WAV_HEADER])
    available = tf.maximum(tf.strings.length(encoded) - WAV_HEADER, 0) // 2
    cut = tf.maximum(available - count, 0) // 2
    length = tf.minimum(available, count)
    body = tf.strings.substr(padded, WAV_HEADER + 2 * cut, 2 * length)
    samples = tf.io.decode_raw(body, tf.int16)
    before = (count - length) // 2
    samples = tf.pad(samples, [[before, count - length - before]])
    start = tf.range(frame_count(count / SOUND_RATE)) * HOP
    inside = tf.logical_and(start < before + length, start + WINDOW > before)
    return tf.ensure_shape(tf.cast(samples, tf.float32) / 32_768.0, (count,)), inside


def log_mel(samples: tf.Tensor, mels: int) -> tf.Tensor:
    """Returns the logarithm of the energy in each mel band.

    Args:
      samples: -1 to 1 at 16 kHz, `(..., samples)`.
      mels: Bands, evenly spaced on the mel scale from 40 to 7600 Hz.

    Returns:
      `(..., frames, mels)`, frames of 32 ms every 20 ms; silence is log(1e-6).
    """
    power = tf.square(tf.abs(tf.signal.stft(samples, WINDOW, HOP)))
    weights = tf.signal.linear_to_mel_weight_matrix(
        mels, WINDOW // 2 + 1, SOUND_RATE, *_HERTZ)
    return tf.math.log(tf.maximum(tf.tensordot(power, weights, 1), math.exp(_FLOOR)))


def cepstrum(energy: tf.Tensor, inside: tf.Tensor, mfcc: int) -> tf.Tensor:
    """Sums up a sound's mel-frequency cepstral coefficients over time.

    Args:
      energy: Log-mel energy, `(frames, mels)`.
      inside: Which frames belong to the sound, bool `(frames,)`.
      mfcc: Coefficients to keep.

    Returns:
      Their means, then their standard deviations, `(2 * mfcc,)`; zeros without a frame.
    """
    coefficients = tf.signal.mfccs_from_log_mel_spectrograms(energy)[:, :mfcc]
    weight = tf.cast(inside, tf.float32)[:, None]
    count = tf.maximum(tf.reduce_sum(weight), 1.0)
    mean = tf.reduce_sum(coefficients * weight, axis=0) / count
    square = tf.reduce_sum(tf.square(coefficients - mean) * weight, axis=0) / count
    return tf.concat([mean, tf.sqrt(square)], axis=0)


def silent_cepstrum(mels: int, mfcc: int) -> tf.Tensor:
    """Returns what `cepstrum` says of silence, `(2 * mfcc,)`."""
    return cepstrum(tf.fill((1, mels), _FLOOR), tf.constant([True]), mfcc)


def _samples(seconds: float) -> int:
    return round(seconds * SOUND_RATE)
