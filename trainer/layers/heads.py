"""Heads: what a user's and an item's vector say about the pair."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class PairHead(keras.layers.Layer):
    """One number for a user and an item: biases, an inner product and a small network.

    The network sees both vectors and their product (He et al. 2017, arXiv:1708.05031); the biases
    and the product alone are matrix factorization (Koren et al. 2009).

    Args:
      dim: Width of both vectors.
      offset: Where the output starts: the label's mean.
      dropout: Share of the hidden units that training drops.
    """

    def __init__(self, dim: int, offset: float = 0.0, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.offset, self.dropout = dim, offset, dropout
        self._user_bias = keras.layers.Dense(1, name="user_bias", kernel_initializer="zeros")
        self._item_bias = keras.layers.Dense(1, name="item_bias", kernel_initializer="zeros")
        self._user = keras.layers.Dense(dim, name="user")
        self._item = keras.layers.Dense(dim, name="item")
        self._drop = keras.layers.Dropout(dropout)
        self._out = keras.layers.Dense(1, name="out", kernel_initializer="zeros")

    def call(self, user, item, training=None):
        """Scores pairs.

        Args:
          user: `(..., dim)`.
          item: `(..., dim)`, of the same or a broadcastable shape.
          training: Whether dropout acts.

        Returns:
          float32 `(...)`.
        """
        product = user * item
        hidden = keras.activations.gelu(self._user(user) + self._item(item))
        deep = self._out(self._drop(ops.concatenate([hidden, product], axis=-1), training=training))
        total = self._user_bias(user) + self._item_bias(item) + deep
        return ops.cast(total[..., 0], "float32") + self.offset

    def get_config(self):
        """Returns what the constructor needs."""
        return {
            **super().get_config(), "dim": self.dim, "offset": self.offset,
            "dropout": self.dropout,
        }
