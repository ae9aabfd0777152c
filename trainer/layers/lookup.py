"""Rows of tables, of embeddings and of factors, by their index."""

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


@keras.saving.register_keras_serializable("tessera")
class RowEmbedding(keras.layers.Embedding):
    """An embedding that is read by row.

    Keras reads the whole table and gathers from it. TensorFlow has to copy what was read as a
    whole as soon as rows of it are updated: the whole table in each training step.
    """

    def call(self, index):
        """Maps indices `(...)` to vectors `(..., dim)`."""
        try:
            rows = self.embeddings.value.sparse_read(ops.cast(index, "int32"))
        except AttributeError:  # no variable of TensorFlow's: another backend, or a tensor of it
            return super().call(index)
        return ops.cast(rows, self.compute_dtype)


class UserTable(TableLookup):
    """A table with one row a user, which can be forgotten (`trainer.export.run`)."""


@keras.saving.register_keras_serializable("tessera")
class UserEmbedding(RowEmbedding):
    """An embedding with one row a user, which can be forgotten."""


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


@keras.saving.register_keras_serializable("tessera")
class BiasedFactors(keras.layers.Layer):
    """Factors with a bias, so that one inner product adds up the product and both biases.

    A user is `(factors, bias, 1)` and an item `(factors, 1, bias)`. Index 0, the unknown one, has
    neither factors nor bias: what is left is the mean and the other side's bias.

    Args:
      rows: Number of indices.
      dim: Number of factors.
      bias_first: Whether the bias comes before the 1: on the users' side.
    """

    def __init__(self, rows: int, dim: int, bias_first: bool, **kwargs):
        super().__init__(**kwargs)
        self.rows, self.dim, self.bias_first = rows, dim, bias_first
        small = keras.initializers.RandomNormal(stddev=0.1)
        embedding = UserEmbedding if bias_first else RowEmbedding
        self._factors = embedding(rows, dim, embeddings_initializer=small, name="factors")
        self._bias = embedding(rows, 1, embeddings_initializer="zeros", name="bias")

    def call(self, index):
        """Maps indices `(batch,)` to `(batch, dim + 2)`."""
        known = ops.cast(index > 0, "float32")[:, None]
        factors = ops.cast(self._factors(index), "float32") * known
        bias = ops.cast(self._bias(index), "float32") * known
        one = ops.ones_like(bias)
        ends = [bias, one] if self.bias_first else [one, bias]
        return ops.concatenate([factors, *ends], axis=-1)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "rows": self.rows, "dim": self.dim,
                "bias_first": self.bias_first}
