"""A tower that sees what moves."""

import keras
from keras import ops

from trainer.layers.towers import Tower


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
