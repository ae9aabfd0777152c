"""All rows of a table at once, inside a model of batches."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class EveryRow(keras.layers.Layer):
    """Gives every index of a table, whatever the batch.

    Args:
      rows: Number of indices.
    """

    def __init__(self, rows: int, **kwargs):
        super().__init__(**kwargs)
        self.rows = rows

    def call(self, batch):
        """Maps anything to int32 `(rows,)`."""
        return ops.arange(self.rows, dtype="int32")

    def compute_output_spec(self, batch):
        """The batch's size has no part in it."""
        return keras.KerasTensor((self.rows,), "int32")

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "rows": self.rows}
