"""What the export remembers of each known user: the newest events and everything seen."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from schemas.values.times import tie_break
from trainer.data.events import Events
from trainer.data.tables import Table


@dataclass(frozen=True)
class Memory:
    """The users' events as of the data's end; row 0 is the unknown user, who has none.

    Attributes:
      items: Item indices of the newest events, newest first, `(users, length)`, 0 for none.
      times: Their seconds, `(users, length)`, -1 for none.
      values: Their past values by column, `(users, length)`, -1 for none.
      strings: Their strings by column, as distinct strings and places among them
        `(users, length)`; the first string is empty.
      seen: All item indices, user after user, `(events,)`.
      seen_splits: Where each user's part of `seen` starts, `(users + 1,)`.
    """

    items: np.ndarray
    times: np.ndarray
    values: dict[str, np.ndarray]
    strings: dict[str, tuple[np.ndarray, np.ndarray]]
    seen: np.ndarray
    seen_splits: np.ndarray


def remember(events: Events, users: Table, items: Table, length: int) -> Memory:
    """Builds the memory.

    Args:
      events: All events of the data; those of an unknown user or item are left out.
      users: The users table.
      items: The items table.
      length: Events to keep for a history.

    Returns:
      The memory, in the order in which ingest builds histories.
    """
    known = np.flatnonzero((events.users > 0) & (events.items > 0))
    ties = [
        tie_break(users.ids[user - 1], items.ids[item - 1])
        for user, item in zip(events.users[known], events.items[known], strict=True)
    ]
    # By user, then the newest first; events of one second in ingest's order, reversed.
    tie_rank = np.unique(np.array(ties, dtype="S8"), return_inverse=True)[1]
    order = known[np.lexsort((-tie_rank, -events.times[known], events.users[known]))]
    sorted_users = events.users[order]
    splits = np.searchsorted(sorted_users, np.arange(len(users) + 1))
    place = np.arange(len(order)) - splits[sorted_users]
    recent = place < length
    row, column = sorted_users[recent], place[recent]

    def newest(values: np.ndarray, absent: int) -> np.ndarray:
        result = np.full((len(users), length), absent, values.dtype)
        result[row, column] = values[order][recent]
        return result

    def newest_strings(strings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # b"" sorts before every other string.
        every = np.array([b"", *strings], object)  # as wide as each is, not as the longest
        distinct, place = np.unique(every, return_inverse=True)
        return distinct, newest(place[1:].astype(np.int32), 0)

    return Memory(
        newest(events.items, 0), newest(events.times, -1),
        {name: newest(values, -1) for name, values in events.values.items()},
        {name: newest_strings(strings) for name, strings in events.strings.items()},
        events.items[order].astype(np.int32), splits.astype(np.int64),
    )


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
