"""The factors and the bias of one side of a matrix factorization."""

import keras
from keras import ops

from trainer.layers.lookup import RowEmbedding, UserEmbedding


@keras.saving.register_keras_serializable("tessera")
class BiasedFactors(keras.layers.Layer):
    """Factors with a bias, so that one inner product adds up the product and both biases.

    A user is `(factors, bias, 1)` and an item `(factors, 1, bias)`. Index 0, the unknown one, has
    neither factors nor bias: what is left is the mean and the other side's bias.

    Args:
      rows: Number of indices.
      dim: Number of factors.
      bias_first: Whether the bias stands before the 1: on the users' side.
    """

    def __init__(self, rows: int, dim: int, bias_first: bool, **kwargs):
        super().__init__(**kwargs)
        self.rows, self.dim, self.bias_first = rows, dim, bias_first
        small = keras.initializers.RandomNormal(stddev=0.1)
        embedding = UserEmbedding if bias_first else RowEmbedding
        self._factors = embedding(rows, dim, embeddings_initializer=small, name="factors")
        self._bias = embedding(rows, 1, embeddings_initializer="zeros", name="bias")

    def call(self, index):
        """Maps indices `(batch,)` to `(batch, dim + 2)`."""
        known = ops.cast(index > 0, "float32")[:, None]
        factors = ops.cast(self._factors(index), "float32") * known
        bias = ops.cast(self._bias(index), "float32") * known
        one = ops.ones_like(bias)
        ends = [bias, one] if self.bias_first else [one, bias]
        return ops.concatenate([factors, *ends], axis=-1)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "rows": self.rows, "dim": self.dim,
                "bias_first": self.bias_first}
