"""Batches of transformed interactions, with ids looked up in the tables."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from trainer.behaviour.declarations import INDICES, index_columns
from trainer.behaviour.item_reviews import ItemReviews
from trainer.data.tables import Table
from trainer.parts.side import Side
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Role, columns_of

_PARTS = 10
_SHUFFLE_BUFFER = 200_000
_FILTERED = 4096  # Rows that are looked at together for items that are hidden.


def judged(user_ids: tf.Tensor) -> tf.Tensor:
    """Returns whose attributes are kept back from training, bool in the shape of the ids."""
    return tf.equal(tf.strings.to_hash_bucket_fast(user_ids, _PARTS), 0)


def learned_attribute(values: np.ndarray, index: tf.Tensor, user_ids: tf.Tensor) -> tf.Tensor:
    """Returns an attribute for training rows.

    Args:
      values: The attribute by table index, `(users,)`, NaN where a user lacks it.
      index: The rows' users, `(batch,)`, 0 for an unknown one.
      user_ids: Their ids, `(batch,)`.

    Returns:
      float32 `(batch,)`, NaN for an unknown user, a user without it, and one who is judged by it.
    """
    hidden = tf.logical_or(tf.equal(index, 0), judged(user_ids))
    return tf.where(hidden, float("nan"), tf.gather(tf.constant(values, tf.float32), index))


def judged_attribute(values: tf.Tensor, index: tf.Tensor, user_ids: tf.Tensor) -> tf.Tensor:
    """Returns an attribute for judging: of those alone whom training knows without it."""
    shown = tf.logical_and(index > 0, judged(user_ids))
    return tf.where(shown, tf.gather(values, index), float("nan"))


def id_lookup(table: Table) -> tf.lookup.StaticHashTable:
    """Returns a look-up from id strings to table index minus 1; -1 for an unknown id."""
    return tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            table.vocabulary, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        default_value=-1,
    )


def table_index(lookup: tf.lookup.StaticHashTable, ids: tf.Tensor) -> tf.Tensor:
    """Returns table indices, int32 in the shape of `ids`; 0 for an unknown or empty id."""
    return tf.cast(lookup.lookup(ids) + 1, tf.int32)


@dataclass(frozen=True)
class InteractionReader:
    """Turns files of transformed interactions into model inputs and labels.

    Attributes:
      transform: The output of the interactions' transform.
      users: The users table.
      items: The items table.
      labels: Labels to deliver, of the interactions and of their users.
      values: Columns of numbers whose past values histories hold.
      strings: Columns of strings of which they do.
      reviews: What was written of each item in training, where the item side reads it.
      hidden: Whether an item is kept from training, `(1 + items,)` bool: there is no row of it, and
        elsewhere it is unknown. Nothing is hidden where `None`.
    """

    transform: tft.TFTransformOutput
    users: Table
    items: Table
    labels: tuple[str, ...]
    values: tuple[str, ...] = ()
    strings: tuple[str, ...] = field(default=(), kw_only=True)
    reviews: ItemReviews | None = field(default=None, kw_only=True)
    hidden: np.ndarray | None = field(default=None, kw_only=True)

    @cached_property
    def declared(self) -> dict[str, Column]:
        """What each column of a row is, by name."""
        made = columns_of(self.transform)
        joined = [Column(columns.label(name), None, "float32", role=Role.LABEL)
                  for name in self.labels if columns.label(name) in self.users.columns]
        if self.reviews is not None:
            joined.append(self.reviews.column)
        return {**made, **index_columns(made), **{column.name: column for column in joined}}

    def inputs(self, row: dict) -> dict:
        """Returns the columns of a row that a model may read: no label, no outcome, no string."""
        return {name: values for name, values in row.items()
                if self.declared[name].role is Role.INPUT}

    def raw(
        self, files: list[str], batch_size: int, shuffle_seed: int | None = None
    ) -> tf.data.Dataset:
        """Returns batches of all columns, with table indices in the place of ids.

        Args:
          files: TFRecord files of transformed Examples.
          batch_size: Rows a batch; with shuffling, an incomplete last batch is dropped.
          shuffle_seed: Seed of the order, another one each epoch; `None` keeps the files' order.

        Returns:
          A dataset of dictionaries of tensors with leading dimension `batch_size`.
        """
        dataset = tf.data.TFRecordDataset(files, compression_type="GZIP")
        if self.hidden is not None:
            dataset = dataset.batch(_FILTERED).map(self._visible()).unbatch()
        if shuffle_seed is not None:
            # The cache holds serialized rows: parsing after batching is the cheap part.
            dataset = dataset.cache().shuffle(_SHUFFLE_BUFFER, seed=shuffle_seed)
        dataset = dataset.batch(batch_size, drop_remainder=shuffle_seed is not None)
        return dataset.map(self._parser(), num_parallel_calls=2).prefetch(2)

    def batches(self, files: list[str], batch_size: int, shuffle_seed: int) -> tf.data.Dataset:
        """Returns shuffled batches of `(inputs, labels)` for training, see `raw`."""
        def supervised(row):
            labels = {n: row[columns.label(n)] for n in self.labels}
            if columns.EVENT_WEIGHT in row:
                labels[columns.EVENT_WEIGHT] = row[columns.EVENT_WEIGHT]
            return self.inputs(row), labels

        return self.raw(files, batch_size, shuffle_seed).map(supervised)

    def rows(self, files: list[str]) -> dict[str, np.ndarray]:
        """Returns all columns of all rows as arrays."""
        parts = list(self.raw(files, 8192).as_numpy_iterator())
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

    def _visible(self):
        """Returns what keeps the serialized rows of items that are not hidden."""
        spec = {columns.ITEM_ID: self.transform.transformed_feature_spec()[columns.ITEM_ID]}
        items, hidden = id_lookup(self.items), tf.constant(self.hidden)

        def visible(serialized: tf.Tensor) -> tf.Tensor:
            index = table_index(items, tf.io.parse_example(serialized, spec)[columns.ITEM_ID])
            return tf.boolean_mask(serialized, tf.logical_not(tf.gather(hidden, index)))

        return visible

    def _parser(self):
        spec = self.transform.transformed_feature_spec()
        users, items = id_lookup(self.users), id_lookup(self.items)
        shown = None if self.hidden is None else tf.constant(~self.hidden)

        def parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
            row = tf.io.parse_example(serialized, spec)
            for ids, index in INDICES.items():
                if ids in row:
                    lookup = users if ids == columns.USER_ID else items
                    row[index] = table_index(lookup, row[ids])
                    if self.hidden is not None and lookup is items:
                        row[index] *= tf.cast(tf.gather(shown, row[index]), tf.int32)
            if self.reviews is not None:
                row[columns.ITEM_WORDS] = self.reviews.before(
                    row[columns.ITEM_INDEX], row[columns.TIMESTAMP])
            for name in (columns.label(n) for n in self.labels):
                if name in self.users.columns:
                    row[name] = learned_attribute(
                        self.users.columns[name], row[columns.USER_INDEX], row[columns.USER_ID])
            return row

        return parse


def with_item_reviews(
    reader: InteractionReader, items: Side, files: list[str]
) -> tuple[InteractionReader, Side]:
    """Lets rows and the catalogue know what was written of items in training.

    Args:
      reader: Reads the interactions.
      items: What the model holds of the items.
      files: The training rows; no other row's review is ever read.

    Returns:
      The reader, whose rows have the reviews of their item before them, and the items, with their
      newest reviews of all.
    """
    names = (columns.ITEM_INDEX, columns.TIMESTAMP, columns.EVENT_WORDS)
    parts = [[batch[name] for name in names]
             for batch in reader.raw(files, 8192).as_numpy_iterator()]
    reviews = ItemReviews.of(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    content = {**items.content, columns.ITEM_WORDS: reviews.newest(items.rows)}
    return replace(reader, reviews=reviews), replace(items, content=content)
