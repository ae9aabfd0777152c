"""Rows of raw interactions, as Examples that batch jobs send."""

import tensorflow as tf
import tensorflow_transform as tft

from trainer.data.interactions import table_index
from trainer.preprocessing import columns

Tensors = dict[str, tf.Tensor]


class RawRows(tf.Module):
    """Reads raw Examples of interactions with each row's own history.

    Args:
      transform: The output of the interactions' transform.
      users: Look-up of the users' ids.
      items: Look-up of the items' ids.
    """

    def __init__(self, transform: tft.TFTransformOutput, users: tf.lookup.StaticHashTable,
                 items: tf.lookup.StaticHashTable):
        super().__init__(name="raw_rows")
        self._layer = transform.transform_features_layer()
        self._spec = transform.raw_feature_spec()
        self._users, self._items = users, items

    def __call__(self, serialized: tf.Tensor) -> Tensors:
        """Returns the transformed columns of Examples `(batch,)`, with all table indices."""
        row = dict(self._layer.call(tf.io.parse_example(serialized, self._spec)))
        row[columns.USER_INDEX] = table_index(self._users, row[columns.USER_ID])
        row[columns.ITEM_INDEX] = table_index(self._items, row[columns.ITEM_ID])
        for ids, index in ((columns.HISTORY_ITEM_ID, columns.HISTORY_INDEX),
                           (columns.UNSEEN_ID, columns.UNSEEN_INDEX)):
            if ids in row:
                row[index] = table_index(self._items, row[ids])
        return row
