"""Fusion by gates that look at all modalities together."""

import keras
from keras import ops

from trainer.layers.fusion.parts import Fusion, usable, weighted_sum
from trainer.layers.towers import masked_softmax


@keras.saving.register_keras_serializable("tessera")
class GatedFusion(Fusion):
    """A gate per modality, from all vectors and flags together, and a sum of gated projections.

    After the gated multimodal unit of Arevalo et al. 2017 (arXiv:1702.01992), for any number of
    modalities.
    """

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

    def fuse(self, vectors, present):
        """Fuses modalities, see the base."""
        present = ops.cast(present, vectors.dtype)
        mask = usable(present, vectors.dtype)
        flat = ops.reshape(vectors, (-1, vectors.shape[1] * vectors.shape[2]))
        logits = ops.cast(self.gate(ops.concatenate([flat, present], axis=1)), "float32")
        weights = masked_softmax(logits, mask)
        projected = ops.einsum("bmw,mwd->bmd", vectors, ops.cast(self.kernel, vectors.dtype))
        fused = weighted_sum(projected, weights, mask)
        return fused + ops.cast(self.bias, vectors.dtype), weights
