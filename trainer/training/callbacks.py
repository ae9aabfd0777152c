"""What a fit leaves on disk: its course, its state to go on from, and trained weights."""

import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from schemas.log import Progress

log = logging.getLogger("tessera.trainer")
Epochs = list[dict[str, float]]


class Curves(keras.callbacks.Callback):
    """Notes what each epoch came to.

    Args:
      path: The file of the epochs so far, which appears whole. A killed fit goes on from it; what
        it has beyond the state that training goes on from is replaced as epochs run again.
    """

    def __init__(self, path: Path):
        super().__init__()
        self._path, self._began = path, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Notes the epoch."""
        noted = {name: float(value) for name, value in (logs or {}).items()}
        noted["seconds"] = time.monotonic() - self._began
        log.debug("Epoch %d: %s", epoch + 1, ", ".join(f"{n} {v:.4g}" for n, v in noted.items()))
        epochs = [*epochs_noted(self._path)[:epoch], noted]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(epochs), encoding="utf-8")
        partial.replace(self._path)


class Steps(keras.callbacks.Callback):
    """Logs how far a fit is where nobody watches a bar.

    Args:
      fit: What the fit is called.
      total: Steps of all epochs, of which early stopping may leave some out.
    """

    def __init__(self, fit: str, total: int):
        super().__init__()
        self._progress = Progress(f"Training, {fit} fit, steps (at most)", total)

    def on_train_batch_end(self, batch, logs=None):
        """Counts a step."""
        self._progress.add()


def epochs_noted(path: Path) -> Epochs:
    """Returns the figures of each epoch by name, with its `seconds`; none without a file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def by_name(epochs: Epochs) -> dict[str, list[float]]:
    """Returns a list over the epochs for each figure."""
    names = dict.fromkeys(name for epoch in epochs for name in epoch)
    return {name: [epoch[name] for epoch in epochs if name in epoch] for name in names}


_SUFFIX = ".state"


class Checkpoint(keras.callbacks.Callback):
    """Keeps the state after the newest epoch: weights, optimizer, seeds of dropout.

    Keras's own `BackupAndRestore` leaves out the seeds, and writes in place, first the weights
    and then the epoch: killed on the way, it leaves a file that does not load, or a state under
    a wrong epoch. Here a state is one file, which appears by a renaming and is named by its epoch.

    Args:
      folder: Where the state is; nothing else may be there.
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
