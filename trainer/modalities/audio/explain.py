"""The windows of a sound, and what they are worth."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from schemas.media import SOUND_RATE, WAV_FORMAT, WAV_HEADER, wav
from trainer.modalities.modality import Division

WINDOWS = 16  # of a sound


def silence(spectrogram: Any) -> Any:
    """Returns silence as long as a sound; beyond the sound there is not even silence."""
    import tensorflow as tf

    return tf.minimum(spectrogram, 1.0)


def silent_timbre(coefficients: Any, options: Any) -> Any:
    """Returns the cepstrum of silence."""
    from trainer.modalities.audio.preprocess import silent_cepstrum

    return coefficients * 0 + silent_cepstrum(options.mels, options.mfcc)


def seconds(sound: bytes) -> float:
    """Returns the length of a sound in the form of `schemas.media`."""
    return max(0, len(sound) - WAV_HEADER) / (2 * SOUND_RATE)


def divide(values: list) -> Iterator[Division]:
    """Yields windows of a sound, each silenced."""
    if values[0][8 : 8 + len(WAV_FORMAT)] != WAV_FORMAT:
        return
    samples = np.frombuffer(values[0][WAV_HEADER:], "<i2")
    edges = np.linspace(0, len(samples), WINDOWS + 1).round().astype(int)
    for place, (start, end) in enumerate(pairwise(edges)):
        silent = samples.copy()
        silent[start:end] = 0
        yield Division("window", place, [wav(silent.tobytes())])


def shares(name: str, values: list, attributions: Mapping[str, np.ndarray],
           options: Any) -> Iterator[tuple[str, Any, float]]:
    """Yields the share of each window, of those of the frames that the model hears, `(frames,)`."""
    samples = (len(values[0]) - WAV_HEADER) // 2
    for place, value in enumerate(windows(attributions[name], samples, options.seconds)):
        yield "window", place, float(value)


def windows(frames: np.ndarray, samples: int, length: float) -> np.ndarray:
    """Sums frames of a spectrogram over windows of the whole sound.

    Args:
      frames: Of the sound's middle, `(frames,)`.
      samples: Length of the sound.
      length: Seconds of the middle; a shorter sound is in the middle of silence.

    Returns:
      `(16,)`.
    """
    from trainer.modalities.audio.preprocess import HOP, WINDOW

    start = (samples - round(length * SOUND_RATE)) // 2
    centres = start + np.arange(len(frames)) * HOP + WINDOW // 2
    place = np.clip(centres * WINDOWS // max(samples, 1), 0, WINDOWS - 1)
    return np.bincount(place, frames, WINDOWS)


def show(values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the windows by their first second."""
    length = seconds(values[0]) / len(tints)
    return {"pieces": [{"text": f"{place * length:.1f} s", **tint}
                       for place, tint in tints.items()]}
