"""A tower that hears."""

import keras
from keras import ops

from trainer.layers.towers import Tower, weighted_mean


@keras.saving.register_keras_serializable("tessera")
class AudioTower(Tower):
    """Two convolutions over the frames of a spectrogram, pooled, beside a sound's timbre.

    Convolutions over time with the mel bands as channels are those of van den Oord et al.,
    "Deep content-based music recommendation" (2013).

    Args:
      channels: Channels of the first convolution; the second has twice as many.
    """

    def __init__(self, dim, channels=32, **kwargs):
        super().__init__(dim, **kwargs)
        self.channels = channels
        self._onsets = keras.layers.Conv1D(
            channels, 8, strides=4, padding="same", activation="relu", name="onsets")
        self._phrases = keras.layers.Conv1D(
            2 * channels, 3, strides=2, padding="same", activation="relu", name="phrases")
        self._timbre = keras.layers.Dense(dim, activation="gelu", name="timbre")
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, inputs, training=None):
        """Maps sounds to vectors.

        Args:
          inputs: Log-mel values 0 to 255, `(batch, frames, mels, 1)`, 0 beyond the sound; cepstral
            coefficients `(batch, coefficients)`; and presence `(batch,)`.
        """
        spectrogram, coefficients, present = inputs
        bands = ops.cast(spectrogram, self.compute_dtype)[..., 0]
        inside = ops.cast(ops.max(bands, axis=2) > 0, self.compute_dtype)
        heard = self._phrases(self._onsets(bands / 127.5 - 1.0))
        # A step counts where any of the eight frames that it stands for belongs to the sound.
        steps = ops.max_pool(inside[..., None], 8, strides=8, padding="same")[..., 0]
        # Coefficients are tens at most.
        timbre = self._timbre(ops.cast(coefficients, self.compute_dtype) / 10.0)
        both = ops.concatenate([weighted_mean(heard, steps), timbre], axis=1)
        return self.finish(self._project(both), present, training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "channels": self.channels}
