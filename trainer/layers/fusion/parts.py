"""What several fusions are made of."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class Fusion(keras.layers.Layer):
    """Base of the fusions, each of which says how it fuses in `fuse`.

    Args:
      dim: Width of the result.
    """

    def __init__(self, dim: int, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim

    def call(self, vectors, present):
        """Fuses modalities, see the package."""
        fused, weights = self.fuse(vectors, present)
        # Tokens of absent modalities make a vector, but nobody has said anything.
        return fused, weights * ops.cast(ops.max(present, axis=1, keepdims=True), weights.dtype)

    def fuse(self, vectors, present):
        """Returns what `call` does, with weights of the tokens where all modalities are absent."""
        raise NotImplementedError

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "dim": self.dim}


@keras.saving.register_keras_serializable("tessera")
class PerModality(keras.layers.Layer):
    """A dense layer of its own for each modality.

    Args:
      units: Width of the result.
      activation: What follows the affine map; nothing where `None`.
    """

    def __init__(self, units: int, activation: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, shape):
        """Creates a kernel and a bias for each modality."""
        modalities, width = shape[1], shape[2]
        self.kernel = self.add_weight(
            shape=(modalities, width, self.units), name="kernel",
            # As many fans as one modality has: the first axis is none of them.
            initializer=keras.initializers.RandomUniform(
                -(6 / (width + self.units)) ** 0.5, (6 / (width + self.units)) ** 0.5),
        )
        self.bias = self.add_weight(
            shape=(modalities, self.units), initializer="zeros", name="bias")

    def call(self, vectors):
        """Maps `(batch, modalities, width)` to `(batch, modalities, units)`."""
        return self.activation(ops.einsum("bmw,mwd->bmd", vectors, self.kernel) + self.bias)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "units": self.units,
                "activation": keras.activations.serialize(self.activation)}


def usable(present, dtype="float32"):
    """Returns which modalities may weigh: the present ones, or all where none is.

    Args:
      present: 1 or 0, `(batch, modalities)`.
      dtype: Of the result.

    Returns:
      1 or 0, `(batch, modalities)`, at least one 1 in each row.
    """
    present = ops.cast(present, dtype)
    # A symbolic tensor has no `==` of its own.
    none = ops.cast(ops.equal(ops.max(present, axis=1, keepdims=True), 0), dtype)
    return ops.maximum(present, none)


def weighted_sum(vectors, weights, mask):
    """Sums vectors by weight, with as many summands as may weigh, so that the scale stays.

    Args:
      vectors: `(batch, modalities, dim)`.
      weights: `(batch, modalities)`, each row's sum 1.
      mask: The result of `usable`.

    Returns:
      `(batch, dim)`.
    """
    fused = ops.einsum("bm,bmd->bd", ops.cast(weights, vectors.dtype), vectors)
    return fused * ops.sum(ops.cast(mask, vectors.dtype), axis=1, keepdims=True)
