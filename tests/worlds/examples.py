"""Rows as the Examples that components hand on."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf


def example(row: Mapping[str, Any]) -> bytes:
    """Returns a row, whose values may be lists, as a serialized Example."""
    made = tf.train.Example()
    for name, values in row.items():
        values = values if isinstance(values, list) else [values]
        feature = made.features.feature[name]
        for value in values:
            if isinstance(value, float):
                feature.float_list.value.append(value)
            elif isinstance(value, int):
                feature.int64_list.value.append(value)
            else:
                feature.bytes_list.value.append(
                    value if isinstance(value, bytes) else value.encode())
    return made.SerializeToString()


def write_examples(folder: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    """Writes rows as the one file of a split's folder, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / "data_tfrecord-00000-of-00001.gz"), "GZIP") as out:
        for row in rows:
            out.write(example(row))
    return str(folder)


def values(serialized: bytes) -> dict[str, list[Any]]:
    """Returns the values of an Example by column."""
    features = tf.train.Example.FromString(serialized).features.feature
    return {name: list(getattr(feature, feature.WhichOneof("kind")).value)
            for name, feature in features.items()}


def read_examples(folder: Path) -> list[dict[str, list[Any]]]:
    """Returns the rows of a split's folder, which has files, in order."""
    files = sorted(map(str, folder.glob("data_tfrecord-*.gz")))
    assert files, f"{folder} has no file"
    return [values(record)
            for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()]
