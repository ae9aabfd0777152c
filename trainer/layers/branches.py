"""Sharing by joining: a branch for each task, of which every task reads all."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class ConcatenatedBranches(keras.layers.Layer):
    """A hidden layer for each task; every task's result is made of all of them side by side.

    Args:
      tasks: Names of the tasks.
      dim: Width of the input, of each branch and of each result.
      dropout: Share of the branches' units that training drops.
    """

    def __init__(self, tasks: list[str], dim: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.tasks, self.dim, self.dropout = list(tasks), dim, dropout
        self._branches = {
            task: keras.layers.Dense(dim, activation="relu", name=f"branch_{task}")
            for task in self.tasks
        }
        self._drop = keras.layers.Dropout(dropout)
        self._joined = {task: keras.layers.Dense(dim, name=task) for task in self.tasks}

    def call(self, vector, training=None):
        """Maps `(batch, dim)` to `{task: (batch, dim)}`."""
        branches = [branch(vector) for branch in self._branches.values()]
        together = self._drop(ops.concatenate(branches, axis=-1), training=training)
        return {task: join(together) for task, join in self._joined.items()}

    def get_config(self):
        """Returns what the constructor needs."""
        return {
            **super().get_config(), "tasks": self.tasks, "dim": self.dim, "dropout": self.dropout
        }
