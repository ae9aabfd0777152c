"""A user as the sum of what they met, for models whose vectors are computed."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class HistorySum(keras.layers.Layer):
    """The weighted sum of the vectors in a history.

    Args:
      mean: Whether the weights are made to sum to 1.
    """

    def __init__(self, mean: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.mean = mean

    def call(self, vectors, weights):
        """Maps `(batch, length, dim)` and `(batch, length)` to `(batch, dim)`; zeros for none."""
        total = ops.einsum("bld,bl->bd", vectors, ops.cast(weights, vectors.dtype))
        if not self.mean:
            return total
        count = ops.sum(ops.cast(weights, vectors.dtype), axis=1, keepdims=True)
        return total / ops.maximum(count, 1e-6)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "mean": self.mean}


@keras.saving.register_keras_serializable("tessera")
class UnitLength(keras.layers.Layer):
    """Scales vectors `(..., dim)` to length 1; zeros stay zeros."""

    def call(self, vectors):
        """Returns the scaled vectors."""
        length = ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True))
        return vectors / ops.maximum(length, 1e-6)


@keras.saving.register_keras_serializable("tessera")
class DistanceForm(keras.layers.Layer):
    """Writes vectors so that an inner product is minus a squared Euclidean distance.

    `(2a, -1, -|a|^2)` and `(b, |b|^2, 1)` have the product `-|a - b|^2`.

    Args:
      query: Whether the vectors are `a`; else they are `b`.
    """

    def __init__(self, query: bool, **kwargs):
        super().__init__(**kwargs)
        self.query = query

    def call(self, vectors):
        """Maps `(..., dim)` to `(..., dim + 2)`."""
        square = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
        one = ops.ones_like(square)
        ends = [2.0 * vectors, -one, -square] if self.query else [vectors, square, one]
        return ops.concatenate(ends, axis=-1)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "query": self.query}
