"""Dropout of whole modalities, and of everything that is known of a user."""

from collections.abc import Sequence

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class ModalityDropout(keras.layers.Layer):
    """Hides present modalities at random while training, never all that a row has.

    A hidden modality is treated as an absent one: a learned token replaces both,
    that of this layer, so that what training makes of hidden modalities holds for absent ones.
    After Neverova et al. 2016, "ModDrop" (arXiv:1501.00102). Rows that lose all content at once,
    and nothing else, would be rare by chance; without them ids and behaviour would never learn
    what content says while it is there.

    Args:
      rate: Chance of a row to lose all its content; where it does not, chance of each modality to
        be hidden.
      seed: Seed of the choice.
      content: Places of the modalities that are content.
    """

    def __init__(self, rate: float, seed: int = 0, content: Sequence[int] = (), **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed, self.content = rate, seed, tuple(content)
        self._random = keras.random.SeedGenerator(seed)

    def build(self, vectors_shape, present_shape):
        """Creates the tokens."""
        self.tokens = self.add_weight(
            shape=vectors_shape[1:], initializer="zeros", name="tokens")

    def call(self, vectors, present, training=None):
        """Hides modalities.

        Args:
          vectors: `(batch, modalities, dim)`.
          present: 1 or 0, `(batch, modalities)`.
          training: Whether to hide any.

        Returns:
          Both, with tokens in the place of absent and hidden vectors.
        """
        present = ops.cast(present, "float32")
        if training and self.rate:
            bare = self._without_content(present)
            chance = keras.random.uniform(ops.shape(present), seed=self._random)
            chance = ops.where(present > 0, chance, -1.0)
            # The luckiest stays in any case.
            lucky = ops.equal(chance, ops.max(chance, axis=1, keepdims=True))
            left = present * ops.cast(ops.logical_or(lucky, chance >= self.rate), "float32")
            strip = ops.logical_and(
                keras.random.uniform(ops.shape(present[:, :1]), seed=self._random) < self.rate,
                ops.max(bare, axis=1, keepdims=True) > 0)
            present = ops.where(strip, bare, left)
        there = ops.cast(present, vectors.dtype)[:, :, None]
        return vectors * there + ops.cast(self.tokens, vectors.dtype) * (1 - there), present

    def _without_content(self, present):
        """Returns what a row has besides content; nothing where no content is known of."""
        if not self.content:
            return ops.zeros_like(present)
        kept = [0.0 if place in self.content else 1.0 for place in range(present.shape[1])]
        return present * ops.convert_to_tensor(kept, "float32")

    def compute_output_spec(self, vectors, present, training=None):
        """Both keep their shapes."""
        return (keras.KerasTensor(vectors.shape, self.compute_dtype),
                keras.KerasTensor(present.shape, "float32"))

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed,
                "content": list(self.content)}


@keras.saving.register_keras_serializable("tessera")
class UserDropout(keras.layers.Layer):
    """Turns a share of a batch's users into cold-start users while training.

    Without it no training row lacks everything at once, and what the model says of an unknown
    visitor would be an extrapolation.

    Args:
      rate: Share of rows.
      seed: Seed of the choice.
    """

    def __init__(self, rate: float, seed: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=None):
        """Zeroes chosen rows of every tensor of a dictionary, `(batch, ...)`, 0 being absent."""
        if not training or not self.rate:
            return inputs
        batch = ops.shape(next(iter(inputs.values())))[0]
        kept = keras.random.uniform((batch,), seed=self._random) >= self.rate

        def hide(tensor):
            mask = ops.reshape(ops.cast(kept, tensor.dtype), (-1, *[1] * (len(tensor.shape) - 1)))
            return tensor * mask

        return {name: hide(tensor) for name, tensor in inputs.items()}

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
