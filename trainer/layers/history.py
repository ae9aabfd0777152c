"""Towers of a user's history and of what was written; a user as the sum of the history."""

import keras
from keras import ops

from trainer.layers.towers import TableTower, masked_softmax


@keras.saving.register_keras_serializable("tessera")
class HistoryTower(TableTower):
    """Several recency-weighted means of the items in a history.

    Each head learns how fast it forgets, by rank (events of one second share one) and by age,
    and how much it minds the past values (ratings) of the events; heads differ in reach, from
    the last session to everything.

    Args:
      embedding: The items' table, shared with the item tower.
      heads: Number of means.
      values: Number of value columns that each event carries.
      max_rank: Ranks from here on count as one.
    """

    def __init__(self, dim, embedding, heads=4, values=0, max_rank=32, **kwargs):
        super().__init__(dim, embedding, **kwargs)
        self.heads, self.values, self.max_rank = heads, values, max_rank
        self._mix = keras.layers.Dense(dim, name="mix")

    def build(self, *shapes):
        """Creates the heads' weights, spread from short to long memory."""
        decay = [[-0.02 * 8.0**h] for h in range(self.heads)]
        values = (self.heads, max(self.values, 1))
        self.rank_decay = self._weight(
            "rank_decay", (self.heads, 1),
            lambda shape, dtype=None: ops.convert_to_tensor(decay, dtype),
        )
        self.age_decay = self._weight("age_decay", (self.heads, 1))
        self.rank_bias = self._weight("rank_bias", (self.heads, self.max_rank))
        self.value_weight = self._weight("value_weight", values)
        self.value_scale = self._weight("value_scale", values)

    def _weight(self, name, shape, initializer="zeros"):
        # The means are weighed in float32 under every dtype policy.
        return self.add_weight(shape=shape, initializer=initializer, name=name, autocast=False)

    def call(self, inputs, training=None):
        """Maps a history, newest first, to vectors.

        Args:
          inputs: Item indices `(batch, length)` with 0 for none, ages and ranks
            `(batch, length)`, and past values `(batch, length, values)`.
          training: Whether dropout acts.

        Returns:
          `(vector (batch, dim), present (batch,))`.
        """
        index, age, rank, values = inputs
        known = ops.cast(index > 0, "float32")
        rank = ops.minimum(ops.cast(rank, "int32"), self.max_rank - 1)
        distance = ops.cast(rank, "float32")[:, None, :]
        logits = (
            distance * self.rank_decay
            + ops.cast(age, "float32")[:, None, :] * self.age_decay
            + ops.moveaxis(ops.take(ops.transpose(self.rank_bias), rank, axis=0), 2, 1)
        )
        scale = ops.ones_like(logits)
        if self.values:
            values = ops.cast(values, "float32")
            logits = logits + ops.einsum("blv,hv->bhl", values, self.value_weight)
            scale = scale + ops.einsum("blv,hv->bhl", values, self.value_scale)
        weights = masked_softmax(logits, known[:, None, :]) * scale
        vectors = self.embedding(index)
        means = ops.einsum("bhl,bld->bhd", ops.cast(weights, vectors.dtype), vectors)
        flat = ops.reshape(means, (-1, self.heads * means.shape[-1]))
        return self.finish(self._mix(flat), ops.max(known, axis=1), training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {
            **super().get_config(), "heads": self.heads, "values": self.values,
            "max_rank": self.max_rank,
        }


@keras.saving.register_keras_serializable("tessera")
class ReviewTower(TableTower):
    """A mean of words, weighed by how telling each is; an opinion hangs on few of them.

    After the word attention of Yang et al. 2016, "Hierarchical attention networks".

    Args:
      embedding: The words' table, shared by the users' and the items' reviews; index 0 is none.
    """

    def __init__(self, dim, embedding, **kwargs):
        super().__init__(dim, embedding, **kwargs)
        self._hidden = keras.layers.Dense(dim, activation="tanh", name="hidden")
        self._telling = keras.layers.Dense(1, use_bias=False, name="telling")
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, index, training=None):
        """Maps words `(batch, words)` to `(vector (batch, dim), present (batch,))`."""
        known = ops.cast(index > 0, "float32")
        words = self.embedding(index)
        logits = ops.cast(self._telling(self._hidden(words))[:, :, 0], "float32")
        weights = ops.cast(masked_softmax(logits, known), words.dtype)
        vector = self._project(ops.einsum("bw,bwd->bd", weights, words))
        return self.finish(vector, ops.max(known, axis=1), training)


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
