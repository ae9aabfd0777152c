"""Pictures and videos, varied while training."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class PictureAugmentation(keras.layers.Layer):
    """Mirrors, crops and brightens pictures at random; the frames of one video all alike.

    At strength 1, half of the pictures are mirrored, a crop keeps 50 to 100 % of each side and is
    stretched to the whole, and brightness changes by a factor of 0.5 to 1.5; smaller strengths
    shrink chance and ranges in proportion.

    Args:
      strength: 0 for nothing, to 1.
      seed: Seed of the choices.
    """

    def __init__(self, strength: float, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.strength, self.seed = strength, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, pixels, training=None):
        """Varies colour values 0 to 255, `(batch, ..., height, width, 3)`; returns float32."""
        pixels = ops.cast(pixels, "float32")
        if not training or not self.strength:
            return pixels
        shape = pixels.shape
        height, width, colours = shape[-3:]
        frames = ops.reshape(pixels, (-1, shape[1] if len(shape) == 5 else 1, *shape[-3:]))
        chance = keras.random.uniform((ops.shape(pixels)[0], 5), seed=self._random)
        length = 1 - self.strength / 2 * chance[:, 0]
        down, right = ((1 - length) * chance[:, place] for place in (1, 2))
        mirrored = chance[:, 3] < self.strength / 2
        rows = _resampled(height, down, length, ops.zeros_like(mirrored))
        columns = _resampled(width, right, length, mirrored)
        seen = ops.einsum("bih,bfhwc->bfiwc", rows, frames)
        seen = ops.einsum("bjw,bfiwc->bfijc", columns, seen)
        light = 1 + self.strength / 2 * (2 * chance[:, 4] - 1)
        seen = ops.clip(seen * light[:, None, None, None, None], 0.0, 255.0)
        return ops.reshape(seen, (-1, *shape[1:-3], height, width, colours))

    def compute_output_spec(self, pixels, training=None):
        """Keeps the shape."""
        return keras.KerasTensor(pixels.shape, "float32")

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "strength": self.strength, "seed": self.seed}


def _resampled(size: int, start, length, mirrored):
    """Returns the matrices that stretch a part of a line to the whole, between neighbours linear.

    Args:
      size: Pixels of the line.
      start: Where the part begins, as a share of the line, `(batch,)`.
      length: How long it is, as a share of the line, `(batch,)`.
      mirrored: Whether it is read backwards, `(batch,)`.

    Returns:
      Weights `(batch, size, size)`; each row's sum is 1.
    """
    pixel = ops.arange(size, dtype="float32")
    place = (pixel + 0.5) / size
    place = ops.where(mirrored[:, None], 1 - place[None, :], place[None, :])
    source = (start[:, None] + place * length[:, None]) * size - 0.5
    source = ops.clip(source, 0.0, size - 1.0)
    return ops.relu(1 - ops.abs(source[:, :, None] - pixel[None, None, :]))
