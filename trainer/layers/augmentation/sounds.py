"""Spectrograms, varied while training."""

import keras
from keras import ops

_MASKS = 2
_BANDS, _FRAMES = 1 / 3, 1 / 5  # the widest mask at strength 1, as a share


@keras.saving.register_keras_serializable("tessera")
class SpectrogramAugmentation(keras.layers.Layer):
    """Hides bands of frequency and stretches of time.

    SpecAugment (Park et al. 2019, arXiv:1904.08779) without the warping of time, which its authors
    found to matter least: two masks over frequency, each up to a third of the bands, and two over
    time, each up to a fifth of the frames, at strength 1. What is hidden becomes the sound's own
    mean; frames beyond the sound stay beyond it.

    Args:
      strength: 0 for nothing, to 1; the widest mask shrinks in proportion.
      seed: Seed of the choices.
    """

    def __init__(self, strength: float, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.strength, self.seed = strength, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, spectrogram, training=None):
        """Varies log-mel values, `(batch, frames, mels, 1)`, 0 beyond the sound."""
        bands = ops.cast(spectrogram, "float32")
        if not training or not self.strength:
            return bands
        there = bands > 0
        count = ops.sum(ops.cast(there, "float32"), axis=(1, 2, 3), keepdims=True)
        mean = ops.sum(bands, axis=(1, 2, 3), keepdims=True) / ops.maximum(count, 1.0)
        frames, mels = bands.shape[1:3]
        time = self._hidden(bands, frames, _FRAMES)[:, :, None, None]
        frequency = self._hidden(bands, mels, _BANDS)[:, None, :, None]
        hidden = ops.logical_and(ops.logical_or(time, frequency), there)
        return ops.where(hidden, mean, bands)

    def _hidden(self, bands, size: int, widest: float):
        """Tells which places of a line some masks cover, `(batch, size)`."""
        chance = keras.random.uniform((ops.shape(bands)[0], _MASKS, 2), seed=self._random)
        width = self.strength * widest * size * chance[:, :, 0]
        start = (size - width) * chance[:, :, 1]
        middle = ops.arange(size, dtype="float32") + 0.5
        covered = ops.logical_and(middle >= start[:, :, None],
                                  middle < (start + width)[:, :, None])
        return ops.any(covered, axis=1)

    def compute_output_spec(self, spectrogram, training=None):
        """Keeps the shape."""
        return keras.KerasTensor(spectrogram.shape, "float32")

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "strength": self.strength, "seed": self.seed}
