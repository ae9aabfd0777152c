"""Training for modalities that may be missing."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class ModalityDropout(keras.layers.Layer):
    """Hides present modalities at random while training, never all that a row has.

    A hidden modality is treated as an absent one: a learned token stands in the place of both,
    that of this layer, so that what training makes of hidden modalities holds for absent ones.
    After Neverova et al. 2016, "ModDrop" (arXiv:1501.00102).

    Args:
      rate: Chance of each modality to be hidden.
      seed: Seed of the choice.
    """

    def __init__(self, rate: float, seed: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
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
            chance = keras.random.uniform(ops.shape(present), seed=self._random)
            chance = ops.where(present > 0, chance, -1.0)
            # The luckiest stays in any case.
            lucky = ops.equal(chance, ops.max(chance, axis=1, keepdims=True))
            present = present * ops.cast(ops.logical_or(lucky, chance >= self.rate), "float32")
        there = ops.cast(present, vectors.dtype)[:, :, None]
        return vectors * there + ops.cast(self.tokens, vectors.dtype) * (1 - there), present

    def compute_output_spec(self, vectors, present, training=None):
        """Both keep their shapes."""
        return (keras.KerasTensor(vectors.shape, self.compute_dtype),
                keras.KerasTensor(present.shape, "float32"))

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
