"""The items of the users' events, as the exported model asks for them."""

import tensorflow as tf

from trainer.data.memory import Memory


class Seen(tf.Module):
    """The items of the users' events as of the data's end.

    Args:
      memory: The users' events.
      size: Number of items, without the unknown one at 0.

    Attributes:
      by_user: Where each user's events start, `(users + 1,)`, and their items, `(events,)`.
    """

    def __init__(self, memory: Memory, size: int):
        super().__init__(name="seen")
        self._items = tf.Variable(memory.seen, trainable=False)
        self._splits = tf.Variable(memory.seen_splits, trainable=False)
        self._size = size
        self.by_user = (self._splits, self._items)

    def mask(self, user: tf.Tensor, sent: tf.Tensor) -> tf.Tensor:
        """Marks the items of a user's events, stored or in the request.

        Args:
          user: User indices, `(batch,)`.
          sent: Item indices in the request, `(batch, any)`, 0 for none.

        Returns:
          bool `(batch, 1 + items)`.
        """
        stored = tf.RaggedTensor.from_row_splits(self._items, self._splits, validate=False)
        return marked(tf.concat([tf.gather(stored, user).to_tensor(0), sent], axis=1),
                      self._size + 1)

    def counts(self, user: tf.Tensor) -> tf.Tensor:
        """Returns the number of stored events of users `(batch,)`, int64 `(batch,)`."""
        return tf.gather(self._splits, user + 1) - tf.gather(self._splits, user)


def marked(index: tf.Tensor, width: int | tf.Tensor) -> tf.Tensor:
    """Marks the places that indices `(batch, any)` name, bool `(batch, width)`."""
    rows = tf.repeat(tf.range(tf.shape(index)[0]), tf.shape(index)[1])
    flat = tf.stack([rows, tf.reshape(index, [-1])], axis=1)
    return tf.scatter_nd(flat, tf.ones_like(rows), [tf.shape(index)[0], width]) > 0
