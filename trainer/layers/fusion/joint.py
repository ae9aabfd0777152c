"""Feature-level fusion: all vectors into one network, or summed by fixed or gated weights."""

import keras
from keras import ops

from trainer.layers.fusion.parts import Fusion, PerModality, usable, weighted_sum
from trainer.layers.towers import masked_softmax


@keras.saving.register_keras_serializable("tessera")
class ConcatFusion(Fusion):
    """All vectors and flags side by side, through one hidden layer: early fusion.

    The weights are an explanation only: each present modality's share in the length of what
    enters the hidden layer. They take no part in the result, and no gradient passes them.
    """

    def build(self, vectors_shape, present_shape):
        """Creates the two layers."""
        # One matrix over the concatenation is the sum of one matrix for each modality.
        self.enter = PerModality(2 * self.dim, name="enter")
        self.enter.build(vectors_shape)
        self.flags = keras.layers.Dense(2 * self.dim, use_bias=False, name="flags",
                                        kernel_initializer="zeros")
        self.flags.build((None, vectors_shape[1]))
        self.leave = keras.layers.Dense(self.dim, name="leave")
        self.leave.build((None, 2 * self.dim))

    def fuse(self, vectors, present):
        """Fuses modalities, see the base."""
        mask = usable(present)
        entered = self.enter(vectors)
        hidden = ops.sum(entered, axis=1) + self.flags(ops.cast(present, vectors.dtype))
        squares = ops.square(ops.cast(ops.stop_gradient(entered), "float32"))
        length = ops.sqrt(ops.mean(squares, axis=2) + 1e-12) * mask
        weights = length / ops.sum(length, axis=1, keepdims=True)
        return self.leave(keras.activations.gelu(hidden)), weights


@keras.saving.register_keras_serializable("tessera")
class WeightedFusion(Fusion):
    """A learned weight for each modality, the same for all rows, and a sum of projections."""

    def build(self, vectors_shape, present_shape):
        """Creates the weights and one projection for each modality."""
        self.project = PerModality(self.dim, name="project")
        self.project.build(vectors_shape)
        self.logits = self.add_weight(
            shape=(vectors_shape[1],), initializer="zeros", name="logits", autocast=False)

    def fuse(self, vectors, present):
        """Fuses modalities, see the base."""
        mask = usable(present)
        weights = masked_softmax(ops.zeros_like(mask) + self.logits, mask)
        return weighted_sum(self.project(vectors), weights, mask), weights


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
