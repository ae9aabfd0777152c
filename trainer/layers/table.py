"""The fixed content of a table, inside the model."""

import keras
import numpy as np
from keras import ops


class TableLookup(keras.layers.Layer):
    """Gathers rows of a fixed table; its cost does not depend on the table's size.

    The table is a weight that is not trained, so that it travels with the model. It is not part
    of `get_config`: a layer rebuilt from its configuration needs its table again.

    Args:
      table: `(rows, ...)`, of any dtype.
    """

    def __init__(self, table: np.ndarray, **kwargs):
        super().__init__(trainable=False, autocast=False, **kwargs)
        self._values = table

    @property
    def width(self) -> int:
        """Number of values in a row."""
        return int(np.prod(self._values.shape[1:]))

    def build(self, input_shape=None):
        """Stores the table."""
        self.table = self.add_weight(
            shape=self._values.shape, dtype=str(self._values.dtype), trainable=False,
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(self._values, dtype),
            name="table", autocast=False,
        )

    def call(self, index):
        """Maps indices `(...)` to rows `(..., *row shape)`."""
        return ops.take(self.table, index, axis=0)

    def compute_output_spec(self, index):
        """Keeps the table's dtype."""
        return keras.KerasTensor((*index.shape, *self._values.shape[1:]), str(self._values.dtype))
