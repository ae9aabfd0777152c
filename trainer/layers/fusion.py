"""Fusion: the vectors of all modalities to one, with a weight for each."""

import keras
from keras import ops

from trainer.layers.towers import masked_softmax


@keras.saving.register_keras_serializable("tessera")
class GatedFusion(keras.layers.Layer):
    """A gate per modality, from all vectors and flags together, and a sum of gated projections.

    After the gated multimodal unit of Arevalo et al. 2017 (arXiv:1702.01992), for any number of
    modalities. An absent modality has weight 0; where all are absent, their tokens share it.

    Args:
      dim: Width of the result.
    """

    def __init__(self, dim: int, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim

    def build(self, vectors_shape, present_shape):
        """Creates one projection for each modality, and the gate."""
        modalities, width = vectors_shape[1], vectors_shape[2]
        self.gate = keras.layers.Dense(modalities, name="gate", kernel_initializer="zeros")
        self.gate.build((None, modalities * (width + 1)))
        self.kernel = self.add_weight(
            shape=(modalities, width, self.dim), name="kernel",
            initializer=keras.initializers.VarianceScaling(1.0, "fan_avg", "uniform"),
        )
        self.bias = self.add_weight(shape=(self.dim,), initializer="zeros", name="bias")

    def call(self, vectors, present):
        """Fuses modalities.

        Args:
          vectors: `(batch, modalities, width)`.
          present: 1 or 0, `(batch, modalities)`.

        Returns:
          `(fused (batch, dim), weights (batch, modalities))`; weights sum to 1.
        """
        present = ops.cast(present, vectors.dtype)
        none = ops.cast(ops.max(present, axis=1, keepdims=True) == 0, vectors.dtype)
        mask = ops.maximum(present, none)
        flat = ops.reshape(vectors, (-1, vectors.shape[1] * vectors.shape[2]))
        logits = ops.cast(self.gate(ops.concatenate([flat, present], axis=1)), "float32")
        weights = masked_softmax(logits, mask)
        projected = ops.einsum("bmw,mwd->bmd", vectors, ops.cast(self.kernel, vectors.dtype))
        fused = ops.einsum("bm,bmd->bd", ops.cast(weights, vectors.dtype), projected)
        # As many summands as modalities are there, so that the sum's scale stays.
        count = ops.sum(mask, axis=1, keepdims=True)
        return fused * count + ops.cast(self.bias, vectors.dtype), weights

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "dim": self.dim}


FUSIONS = {"gated": GatedFusion}
