"""Heads: what a user's and an item's vector say about the pair, or a user's alone."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

Offset = float | list[float]


@keras.saving.register_keras_serializable("tessera")
class Head(keras.layers.Layer):
    """Base of the heads: one number for each pair, or several.

    Args:
      dim: Width of both vectors.
      offset: Where the output starts: one number, or one for each unit.
      dropout: Share of the hidden units that training drops.
      units: Numbers of the output: one for each class or label.
    """

    def __init__(self, dim: int, offset: Offset = 0.0, dropout: float = 0.0, units: int = 1,
                 **kwargs):
        super().__init__(**kwargs)
        self.dim, self.offset, self.dropout, self.units = dim, offset, dropout, units

    def finish(self, total):
        """Returns float32 `(..., units)`, or `(...)` for one unit, from the offset on."""
        total = ops.cast(total, "float32") + ops.convert_to_tensor(self.offset, "float32")
        return total[..., 0] if self.units == 1 else total

    def get_config(self):
        """Returns what the constructor needs."""
        return {
            **super().get_config(), "dim": self.dim, "offset": self.offset,
            "dropout": self.dropout, "units": self.units,
        }


@keras.saving.register_keras_serializable("tessera")
class PairHead(Head):
    """Biases, the product of both vectors and a small network.

    The network sees both vectors and their product (He et al. 2017, arXiv:1708.05031); the biases
    and the product alone are matrix factorization (Koren et al. 2009).
    """

    def __init__(self, dim: int, offset: Offset = 0.0, dropout: float = 0.0, units: int = 1,
                 **kwargs):
        super().__init__(dim, offset, dropout, units, **kwargs)
        self._user_bias = keras.layers.Dense(units, name="user_bias", kernel_initializer="zeros")
        self._item_bias = keras.layers.Dense(units, name="item_bias", kernel_initializer="zeros")
        self._user = keras.layers.Dense(dim, name="user")
        self._item = keras.layers.Dense(dim, name="item")
        self._drop = keras.layers.Dropout(dropout)
        self._out = keras.layers.Dense(units, name="out", kernel_initializer="zeros")

    def call(self, user, item, training=None):
        """Scores pairs.

        Args:
          user: `(..., dim)`.
          item: `(..., dim)`, of the same or a broadcastable shape.
          training: Whether dropout acts.

        Returns:
          float32 `(...)`, or `(..., units)` where there are several.
        """
        product = user * item
        hidden = keras.activations.gelu(self._user(user) + self._item(item))
        deep = self._out(self._drop(ops.concatenate([hidden, product], axis=-1), training=training))
        return self.finish(self._user_bias(user) + self._item_bias(item) + deep)


@keras.saving.register_keras_serializable("tessera")
class ProductHead(Head):
    """Biases and the inner product: matrix factorization (Koren et al. 2009).

    With several units, each has a diagonal of its own between the two vectors. `dropout` acts on
    the product.
    """

    def __init__(self, dim: int, offset: Offset = 0.0, dropout: float = 0.0, units: int = 1,
                 **kwargs):
        super().__init__(dim, offset, dropout, units, **kwargs)
        self._user_bias = keras.layers.Dense(units, name="user_bias", kernel_initializer="zeros")
        self._item_bias = keras.layers.Dense(units, name="item_bias", kernel_initializer="zeros")
        self._drop = keras.layers.Dropout(dropout)
        # Starts as the product's mean, alike for every factor.
        self._diagonal = keras.layers.Dense(
            units, use_bias=False, name="diagonal",
            kernel_initializer=keras.initializers.Constant(1.0 / dim))

    def call(self, user, item, training=None):
        """Scores pairs, see `PairHead.call`."""
        product = self._diagonal(self._drop(user * item, training=training))
        return self.finish(self._user_bias(user) + self._item_bias(item) + product)


@keras.saving.register_keras_serializable("tessera")
class ConcatHead(Head):
    """A small network over both vectors side by side (Covington et al. 2016)."""

    def __init__(self, dim: int, offset: Offset = 0.0, dropout: float = 0.0, units: int = 1,
                 **kwargs):
        super().__init__(dim, offset, dropout, units, **kwargs)
        # One layer over both vectors is the sum of one over each.
        self._user = keras.layers.Dense(2 * dim, name="user")
        self._item = keras.layers.Dense(2 * dim, use_bias=False, name="item")
        self._second = keras.layers.Dense(dim, activation="relu", name="second")
        self._drop = keras.layers.Dropout(dropout)
        self._out = keras.layers.Dense(units, name="out", kernel_initializer="zeros")

    def call(self, user, item, training=None):
        """Scores pairs, see `PairHead.call`."""
        hidden = ops.relu(self._user(user) + self._item(item))
        hidden = self._second(self._drop(hidden, training=training))
        return self.finish(self._out(hidden))


@keras.saving.register_keras_serializable("tessera")
class ProfileHead(Head):
    """What a user's vector says about the user: an attribute, by a small network."""

    def __init__(self, dim: int, offset: Offset = 0.0, dropout: float = 0.0, units: int = 1,
                 **kwargs):
        super().__init__(dim, offset, dropout, units, **kwargs)
        self._hidden = keras.layers.Dense(dim, activation="gelu", name="hidden")
        self._drop = keras.layers.Dropout(dropout)
        self._out = keras.layers.Dense(units, name="out", kernel_initializer="zeros")

    def call(self, user, training=None):
        """Maps `(batch, dim)` to float32 `(batch,)`, or `(batch, units)`."""
        return self.finish(self._out(self._drop(self._hidden(user), training=training)))


@keras.saving.register_keras_serializable("tessera")
class InnerProduct(Head):
    """The inner product of vectors that carry their biases; it has no weights."""

    def call(self, user, item):
        """Scores pairs `(..., dim)`, float32 `(...)`."""
        return self.finish(ops.sum(user * item, axis=-1, keepdims=True))


class PartHead(Head):
    """A head that reads the first numbers of both vectors, as many as it is wide.

    Args:
      head: The head.
    """

    def __init__(self, head: Head, **kwargs):
        super().__init__(head.dim, units=head.units, **kwargs)
        self.head = head

    def call(self, user, item):
        """Scores pairs, see `PairHead.call`."""
        return self.head(user[..., : self.dim], item[..., : self.dim])


class StackedHead(PartHead):
    """A head's output, some inner products and a constant, added up with fixed weights.

    The products' rows are behind the head's part in the user's vector. The last product is 1 if
    user and item are known, else 0, and chooses the weights.

    Args:
      head: The head.
      warm: The constant, the weight of the head's output and those of the products but the last,
        for known users and items.
      cold: The same for others.
      widths: How wide each product's rows are.
      start: Where the products' rows begin in the item's vector.
      bounds: Smallest and largest output; `None` if it has no bounds.
    """

    def __init__(self, head: Head, warm: Sequence[float], cold: Sequence[float],
                 widths: Sequence[int], start: int, bounds: tuple[float, float] | None, **kwargs):
        super().__init__(head, **kwargs)
        self.start, self.bounds, self.cold = start, bounds, tuple(cold)
        self.gain = tuple(known - other for known, other in zip(warm, cold, strict=True))
        sums = np.zeros((len(widths), 3), np.float32)
        sums[:-1, 0], sums[:-1, 1], sums[-1, 2] = self.cold[2:], self.gain[2:], 1.0
        # All products are computed as one: what each number of it adds to each of three sums.
        self.sums = np.repeat(sums, widths, axis=0)

    def call(self, user, item):
        """Scores pairs, see `PairHead.call`."""
        own = super().call(user, item)
        numbers = user[..., self.dim :] * item[..., self.start : self.start + len(self.sums)]
        # No einsum "...w,ws->...s": on two axes TensorFlow 2.16 gets half of 24 rows or more wrong.
        cold, gain, known = ops.unstack(ops.matmul(numbers, self.sums), axis=-1)
        total = self.cold[0] + self.cold[1] * own + cold
        total = total + known * (self.gain[0] + self.gain[1] * own + gain)
        return total if self.bounds is None else ops.clip(total, *self.bounds)


INTERACTIONS = {"neural": PairHead, "inner_product": ProductHead, "concat": ConcatHead}
