"""Variables on disk: the state of a fit, so that a killed one goes on, and trained weights."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

_SUFFIX = ".state"


class Checkpoint(keras.callbacks.Callback):
    """Keeps the state after the newest epoch: weights, optimizer, seeds of dropout.

    Keras's own `BackupAndRestore` leaves out the seeds, and writes in place, first the weights
    and then the epoch: killed on the way, it leaves a file that does not load, or a state under
    a wrong epoch. Here a state is one file, which appears by a renaming and is named by its epoch.

    Args:
      folder: Where the state lies; nothing else may.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder

    def restore(self, model: keras.Model) -> int:
        """Loads the newest state, if there is one.

        Args:
          model: A built and compiled model like the one that was saved.

        Returns:
          The number of epochs that are behind it; 0 where there is none.
        """
        epochs = max(self._saved(), default=0)
        if epochs:
            load_variables(self._folder / f"{epochs}{_SUFFIX}", _variables(model))
        return epochs

    def on_epoch_end(self, epoch, logs=None):
        """Saves the state, then removes the one before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        older = self._saved()
        save_variables(self._folder / f"{epoch + 1}{_SUFFIX}", _variables(self.model))
        for epochs in set(older) - {epoch + 1}:
            (self._folder / f"{epochs}{_SUFFIX}").unlink()

    def _saved(self) -> list[int]:
        return [int(path.stem) for path in self._folder.glob(f"*{_SUFFIX}")]


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]


def save_variables(path: Path, variables: Sequence[keras.Variable]) -> None:
    """Writes the values of variables, one after the other; the file appears whole."""
    partial = path.with_name("partial")
    try:
        with partial.open("wb") as file:
            for variable in variables:
                np.save(file, np.asarray(variable), allow_pickle=False)
    except OSError:  # a full disk needs the space
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


def load_variables(path: Path, variables: Sequence[keras.Variable]) -> None:
    """Assigns what `save_variables` wrote of variables like these."""
    with path.open("rb") as file:
        for variable in variables:
            variable.assign(np.load(file))
