"""Rows as tf.train.Example."""

from typing import Any

import tensorflow as tf

from schemas import FeatureSpec

_KINDS = {bytes: "bytes_list", int: "int64_list", float: "float_list"}


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
