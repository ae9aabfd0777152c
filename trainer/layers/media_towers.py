"""Towers of sounds, of videos, and of the vectors of pretrained encoders."""

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
        # A step counts where any of its eight frames belongs to the sound.
        steps = ops.max_pool(inside[..., None], 8, strides=8, padding="same")[..., 0]
        # Coefficients are tens at most.
        timbre = self._timbre(ops.cast(coefficients, self.compute_dtype) / 10.0)
        both = ops.concatenate([weighted_mean(heard, steps), timbre], axis=1)
        return self.finish(self._project(both), present, training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "channels": self.channels}


@keras.saving.register_keras_serializable("tessera")
class VideoTower(Tower):
    """Frames, and what changed since the frame before, pooled over time.

    Looks and motion have streams of their own, as in Simonyan and Zisserman, "Two-stream
    convolutional networks" (2014), with frame differences in the place of optical flow.

    Args:
      channels: Channels of the first convolution; the second of each stream has twice as many.
    """

    def __init__(self, dim, channels=16, **kwargs):
        super().__init__(dim, **kwargs)
        self.channels = channels
        # Large patches: frames are many, and each is small.
        self._patches = keras.layers.Conv2D(channels, 8, strides=8, padding="same", name="patches")
        self._looks = _scene(channels, "looks")
        self._motion = _scene(channels, "motion")
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, inputs, training=None):
        """Maps `(pixels (batch, frames, height, width, 3) from 0 to 255, present (batch,))`."""
        pixels, present = inputs
        frames = ops.cast(pixels, self.compute_dtype) / 127.5 - 1.0
        patches = self._patches(ops.reshape(frames, (-1, *frames.shape[2:])))
        patches = ops.reshape(patches, (-1, frames.shape[1], *patches.shape[1:]))
        # This convolution is linear: the change of its outputs is its output for the change.
        changes = patches[:, 1:] - patches[:, :-1]
        streams = ((self._looks, patches), (self._motion, changes))
        # Over time first: where things were and where they moved, whatever the number of frames.
        pooled = [ops.mean(scene(ops.mean(ops.relu(seen), axis=1)), axis=(1, 2))
                  for scene, seen in streams]
        vector = self._project(ops.concatenate(pooled, axis=1))
        return self.finish(vector, present, training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "channels": self.channels}


def _scene(channels: int, name: str) -> keras.layers.Layer:
    return keras.layers.Conv2D(
        2 * channels, 3, strides=2, padding="same", activation="relu", name=name)


@keras.saving.register_keras_serializable("tessera")
class EncodedTower(Tower):
    """A small network over a vector that a pretrained encoder made.

    Encoders differ in the length of their vectors, hence the normalization before it.
    """

    def __init__(self, dim, **kwargs):
        super().__init__(dim, **kwargs)
        self._level = keras.layers.LayerNormalization(name="level")
        self._hidden = keras.layers.Dense(dim, activation="gelu", name="hidden")
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, inputs, training=None):
        """Maps `(vectors (batch, width), present (batch,))` to vectors of the tower's width."""
        vectors, present = inputs
        hidden = self._hidden(self._level(vectors))
        return self.finish(self._project(hidden), present, training)
