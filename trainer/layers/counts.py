"""The tower over how much, how recently and how variedly a user acted."""

import keras
from keras import ops

from trainer.layers.towers import NumericTower


@keras.saving.register_keras_serializable("tessera")
class CountsTower(NumericTower):
    """A small network over counts of events, and of the distinct things among them."""

    def call(self, inputs, training=None):
        """Maps a user's history to vectors.

        Args:
          inputs: Counts `(batch, width)`, and for everything whose variety counts, such as the
            items and their categories, its indices `(batch, any)` with 0 for none; the first of
            them are the items.
          training: Whether dropout acts.

        Returns:
          `(vector (batch, dim), present (batch,))`.
        """
        counts, *things = inputs
        variety = [ops.log1p(distinct(index))[:, None] for index in things]
        numbers = ops.concatenate([ops.cast(counts, "float32"), *variety], axis=1)
        present = ops.cast(ops.max(things[0], axis=1) > 0, "float32")
        return super().call((ops.cast(numbers, self.compute_dtype), present), training)


def distinct(index):
    """Counts the distinct indices of each row, 0 being none.

    Args:
      index: `(batch, any)`.

    Returns:
      float32 `(batch,)`.
    """
    ordered = ops.sort(index, axis=1)
    first = ops.cast(ordered[:, :1] > 0, "float32")
    new = ops.logical_and(ordered[:, 1:] > 0, ordered[:, 1:] != ordered[:, :-1])
    return ops.sum(ops.concatenate([first, ops.cast(new, "float32")], axis=1), axis=1)
