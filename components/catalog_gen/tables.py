"""Rows as tf.train.Example, and the files of them that the later components read."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from components.catalog_gen.shards import Bucket
from components.catalog_gen.spill import own_path
from schemas import FeatureSpec

_KINDS = {bytes: "bytes_list", int: "int64_list", float: "float_list"}
# Within a tenth of the size of the usual level, in half of its time.
_OPTIONS = tf.io.TFRecordOptions("GZIP", compression_level=4)


class Encoder:
    """Serializes the rows of a table; equal rows become equal bytes."""

    def __init__(self, spec: FeatureSpec, side: str):
        """Prepares for one table.

        Args:
          spec: The dataset's spec, which gives each column's type.
          side: The table.
        """
        self._columns = [(feature.name, _KINDS[feature.dtype]) for feature in spec.table(side)]

    def encode(self, row: dict[str, list[Any]]) -> bytes:
        """Serializes a row; columns without a value are left out.

        Args:
          row: Lists of `int`, `float` or `bytes` by column.

        Returns:
          A serialized `tf.train.Example`.
        """
        example = tf.train.Example()
        features = example.features.feature
        for name, kind in self._columns:
            if values := row.get(name):
                getattr(features[name], kind).value.extend(values)
        return example.SerializeToString(deterministic=True)


class TableWriter:
    """Writes a bucket's serialized Examples of one split while it is entered.

    The file appears under its name at once and whole, also when a runner tries a bucket twice. What
    a killed worker leaves is not among the outputs, of which readers take every file.
    """

    def __init__(self, folder: str, split: str, bucket: Bucket, scratch: str):
        """Names the file, `Split-<split>/data_tfrecord-<number>-of-<count>.gz` in the folder.

        Args:
          folder: The table's folder.
          split: The split.
          bucket: Which rows.
          scratch: Where the file is until it is whole, on the same disk.
        """
        name = f"data_tfrecord-{bucket.number:05d}-of-{bucket.count:05d}.gz"
        self._path = Path(folder) / f"Split-{split}" / name
        self._unfinished = Path(own_path(scratch, name))

    def __enter__(self) -> "TableWriter":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._out = tf.io.TFRecordWriter(str(self._unfinished), _OPTIONS)
        self.write = self._out.write
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._out.close()
        if not failed:
            self._unfinished.replace(self._path)
