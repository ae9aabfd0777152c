"""Inputs of a model, one a column of the data."""

from collections.abc import Sequence

import keras


def column_input(shape: Sequence[int | None], dtype: str, name: str) -> keras.KerasTensor:
    """Returns a model's input for a column.

    Args:
      shape: The shape of a row.
      dtype: The column's dtype.
      name: The column's name. It may be that of an operation of Keras, such as "clip": as the
        operations of a model have distinct names, the input's operation has a name of its own.

    Returns:
      A symbolic tensor `(batch, *shape)` of the column's name.
    """
    tensor = keras.KerasTensor((None, *shape), dtype, name=name)
    return keras.Input(tensor=tensor, dtype=dtype, name=f"input_{name}")
