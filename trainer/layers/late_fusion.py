"""Layers of a late fusion: weights of a history's events, and scores of one scale."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class HistoryWeights(keras.layers.Layer):
    """How much each event of a history counts: the later, the more, and each item once.

    Args:
      horizon: By how many events the weight falls by the factor e; events of one second are of one
        age, for their order is one of ids.
      floor: Weight of what is infinitely long ago.
    """

    def __init__(self, horizon: float, floor: float, **kwargs):
        super().__init__(**kwargs)
        self.horizon, self.floor = horizon, floor

    def call(self, index, rank, wanted):
        """Weighs events.

        Args:
          index: Item indices, newest first, `(batch, length)`, 0 for none.
          rank: Ranks of their seconds, `(batch, length)`.
          wanted: 1 where an event counts, `(batch, length)`.

        Returns:
          float32 `(batch, length)`.
        """
        there = ops.cast(index > 0, "float32")
        place = ops.arange(index.shape[1], dtype="float32")[None, :] * there
        same = ops.cast(rank[:, :, None] == rank[:, None, :], "float32")
        same = same * there[:, None, :] * there[:, :, None]
        middle = ops.einsum("bls,bs->bl", same, place) / ops.maximum(ops.sum(same, axis=2), 1.0)
        age = middle - middle[:, :1]
        weight = self.floor + (1 - self.floor) * ops.exp(-age / self.horizon)
        counts = there * ops.cast(wanted, "float32")
        again = ops.cast(index[:, :, None] == index[:, None, :], "float32") * counts[:, None, :]
        newer = ops.convert_to_tensor(np.tri(index.shape[1], k=-1, dtype="float32"))
        first = ops.cast(ops.sum(again * newer, axis=2) == 0, "float32")
        return weight * counts * first

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "horizon": self.horizon, "floor": self.floor}


@keras.saving.register_keras_serializable("tessera")
class UnitScores(keras.layers.Layer):
    """Scales queries so that their scores of the known items have the deviation 1.

    A score is the inner product with a candidate, so that the variance of a query's scores is a
    quadratic form of the query. A query without any variance becomes 0.

    Args:
      candidates: The known items' candidates of mean 0, `(items, dim)`.
    """

    def __init__(self, candidates: np.ndarray, **kwargs):
        super().__init__(trainable=False, dtype="float32", **kwargs)
        covariance = candidates.astype(float).T @ candidates / max(len(candidates), 1)
        values, vectors = np.linalg.eigh(covariance)
        self._root = (vectors * np.sqrt(np.maximum(values, 0.0))).astype(np.float32)

    def build(self, query_shape):
        """Stores the root of the covariance."""
        self.root = self.add_weight(
            shape=self._root.shape, dtype="float32", trainable=False, name="root", autocast=False,
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(self._root, dtype))

    def call(self, query):
        """Maps queries `(batch, dim)` to queries of the same shape."""
        query = ops.cast(query, "float32")
        deviation = ops.sqrt(ops.sum(ops.square(query @ self.root), axis=1, keepdims=True))
        return ops.where(deviation > 1e-6, query / ops.maximum(deviation, 1e-6), 0.0)
