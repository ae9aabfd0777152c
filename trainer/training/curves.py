"""The course of a fit: each epoch's losses, scores and seconds, also over a kill."""

import json
import logging
import time
from pathlib import Path

import keras

from schemas.progress import Progress

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
    """Tells how far a fit is where nobody watches a bar.

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
