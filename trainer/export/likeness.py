"""How alike the items of a catalogue are: the cosine of their vectors."""

import numpy as np
import tensorflow as tf

_NEVER = -2.0  # less than any cosine


class Likeness(tf.Module):
    """Compares the items of a catalogue.

    Args:
      vectors: What a query is held against, or what heads read, `(1 + items, dim)`; row 0 is the
        unknown item, which is like none.
    """

    def __init__(self, vectors: np.ndarray):
        super().__init__(name="likeness")
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = vectors / np.where(length > 0, length, 1)
        unit[0] = 0
        self._unit = tf.Variable(unit.astype(np.float32), trainable=False)

    def with_all(self, index: tf.Tensor) -> tf.Tensor:
        """Returns the likeness of items `(batch,)` with all items, `(batch, 1 + items)`."""
        return tf.matmul(tf.gather(self._unit, index), self._unit, transpose_b=True)

    def best(self, index: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns likeness and indices of the items that are most like some `(batch,)`.

        Args:
          index: Item indices; 0, the unknown item, is like none.
          k: How many, at most as many as there are items, a scalar.

        Returns:
          Both `(batch, k)`, the most alike first; index 0 where there is no other item.
        """
        itself = tf.range(tf.shape(self._unit)[0])[None, :] == index[:, None]
        scores, place = tf.math.top_k(
            tf.where(itself, _NEVER, self.with_all(index))[:, 1:], k=k)
        there = tf.logical_and(scores > _NEVER, index[:, None] > 0)
        return scores, tf.where(there, place + 1, 0)
