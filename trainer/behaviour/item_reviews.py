"""What was written of each item in training, as of any moment."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from trainer.preprocessing import columns
from trainer.preprocessing.column import Column

_MOMENTS = 1 << 33  # seconds that a key has room for, some 270 years


@dataclass(frozen=True)
class ItemReviews:
    """The training reviews of all items, each with those before it, by item and time.

    A row sees those of a smaller timestamp, never its own: of statistics over rows whose label
    they betray, only those of earlier rows are unbiased (Prokhorenkova et al. 2018, CatBoost,
    "ordered target statistics", arXiv:1706.09516). Leaving the row's own out of all would not do:
    what is missing would reveal it.

    Attributes:
      keys: Item and time of each review in one number, ascending, int64 `(1 + reviews,)`; the
        first is -1 and comes before all.
      words: The newest words written of the item up to each review, newest review first, 0 for
        none, int32 `(1 + reviews, words)`.
      start: The time that keys count from, in seconds.
    """

    keys: np.ndarray
    words: np.ndarray
    start: int

    @classmethod
    def of(cls, items: np.ndarray, times: np.ndarray, words: np.ndarray) -> "ItemReviews":
        """Puts reviews in order.

        Args:
          items: Item index of each training row, `(rows,)`.
          times: Its time in seconds, `(rows,)`.
          words: The words of its review, `(rows, words)`, 0 for none.
        """
        # What nobody wrote, and what was written of an unknown item, is no review.
        written = (words > 0).any(axis=1) & (items > 0)
        items, times, words = items[written].astype(np.int64), times[written], words[written]
        start = int(times.min(initial=np.iinfo(np.int64).max)) if len(times) else 0
        order = np.lexsort((times, items))
        items, times, words = items[order], times[order], words[order]
        newest = np.zeros((1 + len(items), words.shape[1]), np.int32)
        for place, (item, own) in enumerate(zip(items, words, strict=True)):
            own = own[own > 0]
            newest[place + 1, : len(own)] = own
            if place and items[place - 1] == item:
                before = newest[place][: words.shape[1] - len(own)]
                newest[place + 1, len(own) :] = before
        keys = np.concatenate([[-1], items * _MOMENTS + (times - start)]).astype(np.int64)
        return cls(keys, newest, start)

    @property
    def column(self) -> Column:
        """The declaration of an item's words."""
        return Column(columns.ITEM_WORDS, None, "int32", self.words.shape[1:])

    def before(self, item: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        """Returns what was written of items before a moment.

        Args:
          item: Item indices, `(batch,)`.
          time: Seconds, int64 `(batch,)`.

        Returns:
          Words, int32 `(batch, words)`, 0 for none.
        """
        item = tf.cast(item, tf.int64)
        moment = tf.clip_by_value(time - self.start, 0, _MOMENTS - 1)
        keys = tf.constant(self.keys)
        place = tf.searchsorted(keys, item * _MOMENTS + moment) - 1
        of_item = tf.equal(tf.gather(keys, place) // _MOMENTS, item)
        return tf.gather(tf.constant(self.words), tf.where(of_item, place, 0))

    def newest(self, items: int) -> np.ndarray:
        """Returns the newest words of every item at the end of training.

        Args:
          items: Number of item indices, the unknown one at 0 included.

        Returns:
          int32 `(items, words)`, 0 for none.
        """
        place = np.searchsorted(self.keys, np.arange(1, items + 1) * _MOMENTS) - 1
        of_item = self.keys[place] // _MOMENTS == np.arange(items)
        return self.words[np.where(of_item, place, 0)]
