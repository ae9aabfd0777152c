"""Rows as tf.train.Example."""

from typing import Any

import tensorflow as tf

from schemas import FeatureSpec


def encode(row: dict[str, list[Any]], spec: FeatureSpec, side: str) -> bytes:
    """Serializes a row; columns without a value are left out.

    Args:
      row: Lists of `int`, `float` or `bytes` by column.
      spec: The dataset's spec, which gives each column's type.
      side: The row's table.

    Returns:
      A serialized `tf.train.Example`.
    """
    example = tf.train.Example()
    for feature in spec.table(side):
        values = row.get(feature.name)
        if not values:
            continue
        target = example.features.feature[feature.name]
        if feature.dtype is bytes:
            target.bytes_list.value.extend(values)
        elif feature.dtype is int:
            target.int64_list.value.extend(values)
        else:
            target.float_list.value.extend(values)
    # Deterministic bytes, so that equal tables are equal files.
    return example.SerializeToString(deterministic=True)
