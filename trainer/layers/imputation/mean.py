"""Absent modalities become the mean of the present ones' rows."""

import keras
from keras import ops

from trainer.layers.imputation.parts import fill


@keras.saving.register_keras_serializable("tessera")
class MeanImputation(keras.layers.Layer):
    """Puts a modality's mean vector over the rows that have it where it is absent.

    The mean is a running one over training batches, each of their rows with the same weight; it is
    no trained weight, and no gradient passes it.

    Args:
      momentum: What is left of older batches after each step.
    """

    def __init__(self, momentum: float = 0.99, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum

    def build(self, vectors_shape, *shapes):
        """Creates the running sums."""
        modalities, width = vectors_shape[1:]
        # Devices that share a step average both, and their ratio stays the mean.
        self.total, self.count = (
            self.add_weight(shape=(modalities, size), initializer="zeros", trainable=False,
                            autocast=False, dtype="float32", aggregation="mean", name=name)
            for name, size in (("total", width), ("count", 1)))

    def call(self, vectors, present, truth, there, training=None):
        """Fills, see the package."""
        if training:
            known = ops.cast(there, "float32")[:, :, None]
            rows = ops.cast(ops.stop_gradient(truth), "float32") * known
            self.total.assign(self.total * self.momentum + ops.sum(rows, axis=0))
            self.count.assign(self.count * self.momentum + ops.sum(known, axis=0))
        mean = self.total / ops.maximum(self.count, 1e-6)
        filled, usable = fill(vectors, present, mean[None])
        return filled, usable, ops.zeros_like(usable[:, 0])

    def compute_output_spec(self, vectors, present, truth, there, training=None):
        """Keeps shapes, and adds a number a row."""
        return (keras.KerasTensor(vectors.shape, self.compute_dtype),
                keras.KerasTensor(present.shape, "float32"),
                keras.KerasTensor(present.shape[:1], "float32"))

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "momentum": self.momentum}
