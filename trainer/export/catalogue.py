"""The items that a model knows: their ids, order and categories, and which are alike."""

import numpy as np
import tensorflow as tf

from trainer.data.interactions import id_lookup, table_index
from trainer.data.tables import Table
from trainer.export.seen import marked

_NEVER = -2.0  # less than any cosine
Tensors = dict[str, tf.Tensor]


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

    def units(self, index: tf.Tensor) -> tf.Tensor:
        """Returns the vectors of length 1 of items of any shape, `(..., dim)`; 0 for none."""
        return tf.gather(self._unit, index)

    def with_all(self, index: tf.Tensor) -> tf.Tensor:
        """Returns the likeness of items `(batch,)` with all items, `(batch, 1 + items)`."""
        return tf.matmul(self.units(index), self._unit, transpose_b=True)

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


class Category(tf.Module):
    """The values that each item has of one column.

    Args:
      name: The column.
      table: Places in the vocabulary plus 1, `(1 + items, values)`; 0 for none.
      vocabulary: The values.
    """

    def __init__(self, name: str, table: np.ndarray, vocabulary: list[bytes]):
        super().__init__(name=f"category_{name}")
        self.table = tf.Variable(table.astype(np.int32), trainable=False)
        self.width = int(max(table.max(initial=0), len(vocabulary))) + 1
        self._places = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(vocabulary, tf.string), tf.range(1, len(vocabulary) + 1)),
            default_value=-1)

    def allowed(self, values: tf.Tensor) -> tf.Tensor:
        """Marks the items that have one of some values `(batch, any)`, or all without any."""
        place = self._places.lookup(values)
        # A value that no item has is no value; it must not open the list to all.
        wanted = marked(tf.where(place > 0, place, 0), self.width)
        matches = self.having(wanted)
        restricted = tf.reduce_any(tf.strings.length(values) > 0, axis=1)[:, None]
        return tf.logical_or(matches, tf.logical_not(restricted))

    def having(self, wanted: tf.Tensor) -> tf.Tensor:
        """Marks items with a value that is marked in `(batch, width)`, `(batch, 1 + items)`."""
        there = self.table > 0
        return tf.reduce_any(
            tf.logical_and(tf.gather(wanted, self.table, axis=1), there[None]), axis=2)

    def of(self, item: tf.Tensor) -> tf.Tensor:
        """Counts the values of items `(batch,)`, int32 `(batch, width)`, each value once."""
        return tf.cast(marked(tf.gather(self.table, item), self.width), tf.int32)


class ItemCatalogue(tf.Module):
    """Names the items of a model.

    Args:
      items: The items table.
      vectors: By which items are alike, `(1 + items, dim)`; row 0 is the unknown item.

    Attributes:
      ids: Look-up of the ids, see `table_index`.
      likeness: Which items are alike.
    """

    def __init__(self, items: Table, vectors: np.ndarray):
        super().__init__(name="item_catalogue")
        self.ids = id_lookup(items)
        self.likeness = Likeness(vectors)
        self._names = tf.Variable(np.array(["", *items.ids], dtype=object), trainable=False)

    @property
    def size(self) -> int:
        """Number of items."""
        return int(self._names.shape[0]) - 1

    def names(self, index: tf.Tensor) -> tf.Tensor:
        """Returns the ids of item indices of any shape, '' for 0."""
        return tf.gather(self._names, index)

    def width(self, k: tf.Tensor) -> tf.Tensor:
        """Returns how long the longest of some lists of `k` items is, a scalar."""
        return tf.minimum(tf.maximum(tf.reduce_max(k), 1), self.size)

    def at(self, place: tf.Tensor) -> Tensors:
        """Names the items at some positions of the catalogue, '' outside of it."""
        inside = tf.logical_and(place >= 0, place < self.size)
        return {"item_ids": self.names(tf.where(inside, place + 1, 0)),
                "size": tf.fill(tf.shape(place), tf.constant(self.size, tf.int64))}

    def similar(self, item_id: tf.Tensor, k: tf.Tensor) -> Tensors:
        """Returns the items that are most like some, by the cosine of their vectors.

        Args:
          item_id: Items of the catalogue, strings `(batch,)`.
          k: Items wanted by each row, int32 `(batch,)`.

        Returns:
          `item_ids` and `scores`, `(batch, max(k))`; nothing for an item that is unknown.
        """
        width = self.width(k)
        scores, others = self.likeness.best(table_index(self.ids, item_id), width)
        shown = tf.logical_and(others > 0, tf.range(width)[None, :] < k[:, None])
        return {"item_ids": tf.where(shown, self.names(others), ""),
                "scores": tf.where(shown, scores, 0.0)}
