"""The tables that ingest wrote, column by column, with media reduced to facts as they stream by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders import example_coder

from components.data_profile.media import facts_of
from components.splits import split_folders
from schemas import Feature, FeatureSpec
from schemas.log import Progress

_BATCH = 2_000  # rows; media are let go with their batch
_TYPES = {int: schema_pb2.INT, float: schema_pb2.FLOAT, bytes: schema_pb2.BYTES}
MEDIA = 2_000  # most media of a column that are decoded


@dataclass(frozen=True)
class Values:
    """The values of one column.

    Attributes:
      values: `(values,)` int64, float32 or objects: bytes, or the facts of media.
      rows: The row of each value, `(values,)` int64, ascending.
    """

    values: np.ndarray
    rows: np.ndarray

    def of(self, row: int) -> np.ndarray:
        """Returns the values of one row, `(values,)`."""
        first, end = np.searchsorted(self.rows, [row, row + 1])
        return self.values[first:end]

    def at(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the first value of each row, and which rows have one.

        Args:
          rows: Number of rows of the table.

        Returns:
          `(rows,)` values of the column's type, undefined where there is none; `(rows,)` bool.
        """
        filled = np.zeros(rows, bool)
        filled[self.rows] = True
        first = np.zeros(rows, self.values.dtype)
        first[self.rows[::-1]] = self.values[::-1]
        return first, filled


@dataclass(frozen=True)
class Table:
    """A table's columns that no step of ingest derived.

    Attributes:
      rows: Number of rows.
      columns: Values by column.
    """

    rows: int
    columns: dict[str, Values]


def codes(values: np.ndarray) -> np.ndarray:
    """Returns a small number for each different value; where there is none, a text is 0."""
    known = [value or b"" for value in values] if values.dtype == object else values
    return np.unique(np.array(known, values.dtype), return_inverse=True)[1]


def read_table(uri: str, spec: FeatureSpec, side: str) -> Table:
    """Reads a table.

    Args:
      uri: Folder of its `Examples`.
      spec: The dataset's spec.
      side: The table's name.
    """
    features = [f for f in spec.table(side) if not f.derived or f.sound_of]
    schema = schema_pb2.Schema(feature=[
        schema_pb2.Feature(name=f.name, type=_TYPES[f.dtype]) for f in features])
    decoder = example_coder.ExamplesToRecordBatchDecoder(schema.SerializeToString())
    parts: dict[str, list[Values]] = {f.name: [] for f in features}
    rows, progress = 0, Progress(f"DataProfiler, rows of {side} read")
    for records in _batches(uri):
        batch = decoder.DecodeBatch(records)
        for feature, column in zip(features, batch.columns, strict=True):
            seen = sum(len(part.values) for part in parts[feature.name]) if feature.media else 0
            parts[feature.name].append(_values(column, feature, rows, seen))
        rows += len(records)
        progress.add(len(records))
    return Table(rows, {name: _joined(batches) for name, batches in parts.items()})


def _batches(uri: str) -> Iterator[list[bytes]]:
    for folder in split_folders(uri).values():
        files = sorted(str(path) for path in folder.glob("*.gz"))
        data = tf.data.TFRecordDataset(files, "GZIP").batch(_BATCH)
        for batch in data.as_numpy_iterator():
            yield list(batch)


def _values(column: Any, feature: Feature, before: int, seen: int) -> Values:
    lengths = np.diff(np.asarray(column.offsets))
    rows = before + np.repeat(np.arange(len(lengths)), lengths)
    # A missing list has no length, whatever the offsets around it say.
    flat: Any = column.flatten()
    if not feature.media:
        values = (np.array(flat.to_pylist(), object) if feature.dtype is bytes
                  else np.asarray(flat))
        return Values(values, rows)
    facts = np.empty(len(flat), object)
    for place in range(max(0, min(len(flat), MEDIA - seen))):
        facts[place] = facts_of(flat[place].as_py(), feature)
    return Values(facts, rows)


def _joined(parts: list[Values]) -> Values:
    if not parts:
        return Values(np.zeros(0, object), np.zeros(0, np.int64))
    return Values(np.concatenate([part.values for part in parts]),
                  np.concatenate([part.rows for part in parts]))
