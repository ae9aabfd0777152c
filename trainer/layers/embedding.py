"""An embedding whose cost does not depend on its size."""

import keras
from keras import ops


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
