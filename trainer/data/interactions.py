"""Batches of transformed interactions, with ids looked up in the tables."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from trainer.data.tables import Table
from trainer.preprocessing import columns

USER_INDEX = "user_index"
ITEM_INDEX = "item_index"
HISTORY_INDEX = "history_index"
_SHUFFLE_BUFFER = 200_000


def id_lookup(table: Table) -> tf.lookup.StaticHashTable:
    """Returns a look-up from id strings to table index minus 1; -1 for an unknown id."""
    return tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            table.vocabulary, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        default_value=-1,
    )


@dataclass(frozen=True)
class InteractionReader:
    """Turns files of transformed interactions into model inputs and labels.

    Attributes:
      transform: The output of the interactions' transform.
      users: The users table.
      items: The items table.
      labels: Labels to deliver.
    """

    transform: tft.TFTransformOutput
    users: Table
    items: Table
    labels: tuple[str, ...]

    def batches(
        self, files: list[str], batch_size: int, shuffle_seed: int | None = None
    ) -> tf.data.Dataset:
        """Returns batches of `(inputs, labels)`.

        Args:
          files: TFRecord files of transformed Examples.
          batch_size: Rows a batch; with shuffling, an incomplete last batch is dropped.
          shuffle_seed: Seed of the order, another one each epoch; `None` keeps the files' order.

        Returns:
          A dataset of two dictionaries of tensors with leading dimension `batch_size`.
        """
        dataset = tf.data.TFRecordDataset(files, compression_type="GZIP")
        if shuffle_seed is not None:
            # The cache holds serialized rows: parsing after batching is the cheap part.
            dataset = dataset.cache().shuffle(_SHUFFLE_BUFFER, seed=shuffle_seed)
        dataset = dataset.batch(batch_size, drop_remainder=shuffle_seed is not None)
        return dataset.map(self._parser(), num_parallel_calls=2).prefetch(2)

    def rows(self, files: list[str]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Returns all rows of the files as arrays: inputs and labels."""
        parts = list(self.batches(files, 8192).as_numpy_iterator())
        return (
            {key: np.concatenate([p[0][key] for p in parts]) for key in parts[0][0]},
            {key: np.concatenate([p[1][key] for p in parts]) for key in parts[0][1]},
        )

    def _parser(self):
        spec = self.transform.transformed_feature_spec()
        users, items = id_lookup(self.users), id_lookup(self.items)

        def parse(serialized: tf.Tensor):
            row = tf.io.parse_example(serialized, spec)
            inputs = {
                USER_INDEX: index(users, row.pop(columns.USER_ID)),
                ITEM_INDEX: index(items, row.pop(columns.ITEM_ID)),
            }
            if columns.HISTORY_ITEM_ID in row:
                inputs[HISTORY_INDEX] = index(items, row.pop(columns.HISTORY_ITEM_ID))
            labels = {name: row[columns.label(name)] for name in self.labels}
            inputs.update(
                (name, value) for name, value in row.items() if not name.startswith("label__")
            )
            return inputs, labels

        return parse


def index(lookup: tf.lookup.StaticHashTable, ids: tf.Tensor) -> tf.Tensor:
    """Returns table indices, int32 in the shape of `ids`; 0 for an unknown or empty id."""
    return tf.cast(lookup.lookup(ids) + 1, tf.int32)
