"""What a sound is like, in a few numbers."""

import hashlib

import numpy as np

from schemas.media import WAV_HEADER
from trainer.modalities.audio.explain import seconds
from trainer.modalities.modality import Facts

_SILENT = 1e-3  # of 1: the root mean square of a sound that nobody hears


def facts(sound: bytes) -> Facts:
    """Returns what a sound in the form of `schemas.media` is like.

    Its figures are the `level` and the `contrast` of its samples, 0 to 1, their mean and standard
    deviation, and its `seconds`. It is blank where it is silent.
    """
    samples = np.frombuffer(sound, "<i2", offset=WAV_HEADER).astype(np.float32) / 32768
    contrast = float(samples.std()) if len(samples) else 0.0
    return Facts(
        hashlib.blake2b(samples.tobytes()).hexdigest(),
        {"level": float(np.abs(samples).mean()) if len(samples) else 0.0, "contrast": contrast,
         "seconds": seconds(sound)},
        contrast <= _SILENT)
