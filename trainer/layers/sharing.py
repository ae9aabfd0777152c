"""Sharing: one representation to one for each task."""

import keras


@keras.saving.register_keras_serializable("tessera")
class SharedBottom(keras.layers.Layer):
    """One residual block that all tasks share (Caruana 1997), and a projection for each task.

    Args:
      tasks: Names of the tasks.
      dim: Width of the input and of each result.
      dropout: Share of the block's hidden units that training drops.
    """

    def __init__(self, tasks: list[str], dim: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.tasks, self.dim, self.dropout = list(tasks), dim, dropout
        self._hidden = keras.layers.Dense(2 * dim, activation="gelu", name="hidden")
        self._drop = keras.layers.Dropout(dropout)
        self._back = keras.layers.Dense(dim, name="back")
        self._projections = {task: keras.layers.Dense(dim, name=task) for task in self.tasks}

    def call(self, vector, training=None):
        """Maps `(batch, dim)` to `{task: (batch, dim)}`."""
        shared = vector + self._back(self._drop(self._hidden(vector), training=training))
        return {task: project(shared) for task, project in self._projections.items()}

    def get_config(self):
        """Returns what the constructor needs."""
        return {
            **super().get_config(), "tasks": self.tasks, "dim": self.dim, "dropout": self.dropout
        }


SHARINGS = {"shared_bottom": SharedBottom}
