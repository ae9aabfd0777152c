"""Validation after each epoch: the catalogue is ranked, and the fit ends on a plateau."""

import json
from pathlib import Path

import keras
import numpy as np

from schemas import InputError
from trainer.data.events import Events, concatenate
from trainer.evaluation.ranking import PRIMARY, RankingTask, ranking_metrics, ranking_task
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.network.model import Network
from trainer.preprocessing import columns
from trainer.training.callbacks import save_variables
from trainer.training.data import TrainingData

_MAX_RANKED_USERS = 10_000


def near_best(checkpoints: Path) -> Path:
    """Returns the file of the weights after the best epoch, or the one behind it."""
    return checkpoints / "near_best.weights"


class EpochRanking(keras.callbacks.Callback):
    """Ranks the catalogue for the validation users after each epoch, and stops on a plateau.

    Args:
      data: What is trained and on what.
      train: The events of the train split.
      validation: Those of the validation split.
      state: The file of the scores so far, from which a killed fit goes on.

    Attributes:
      network: The network that is trained; set before training begins.
      scores: Validation NDCG@10 after each epoch.
    """

    def __init__(self, data: TrainingData, train: Events, validation: Events, state: Path):
        super().__init__()
        self.network: Network | None = None
        self._state, self._training = state, data.recipe.training
        self._kept = data.recipe.keeps_first_fit
        self._task = validation_task(data, train, validation)
        self._queries = first_rows(data, self._task.users)
        self.scores: list[float] = json.loads(state.read_text()) if state.exists() else []

    @property
    def done(self) -> bool:
        """Whether no epoch is left, or the score has not risen for as long as is waited."""
        behind = len(self.scores)
        return behind >= self._training.max_epochs or (
            behind > 0 and behind - 1 - int(np.argmax(self.scores)) >= self._training.patience)

    def on_epoch_end(self, epoch, logs=None):
        """Scores the epoch."""
        assert self.network is not None
        scores = ranking_scores(self.network, self._queries, catalogue(self.network))
        metrics = ranking_metrics(scores, self._task).metrics
        self.scores = [*self.scores[:epoch], metrics[PRIMARY]]
        self._state.parent.mkdir(parents=True, exist_ok=True)
        if self._kept and epoch - int(np.argmax(self.scores)) <= 1:
            save_variables(near_best(self._state.parent), self.network.training.weights)
        partial = self._state.with_suffix(".partial")
        partial.write_text(json.dumps(self.scores))
        partial.replace(self._state)
        if logs is not None:
            logs[f"validation_{PRIMARY}"] = metrics[PRIMARY]
        if self.done:
            self.model.stop_training = True


def validation_task(data: TrainingData, train: Events, validation: Events) -> RankingTask:
    """Returns the ranking of the validation split, over item indices.

    Raises:
      InputError: No validation row can be ranked.
    """
    both = concatenate([train, validation])
    held_out = np.arange(len(both)) >= len(train)
    relevant = data.recipe.relevance
    task = ranking_task(
        both.users, both.items,
        both.labels[relevant] > 0 if relevant else np.ones(len(both), bool),
        known=~held_out, held_out=held_out, n_items=len(data.items),
    )
    if not len(task.users):
        kind = f"has the label {relevant!r} on" if relevant else "is about"
        raise InputError(
            "nothing-to-validate",
            f"No validation row {kind} an item that training knows and its user has not met: "
            "early stopping has nothing to go by. Give more events, or name another label as the "
            "recipe's 'relevant'."
        )
    if len(task.users) > _MAX_RANKED_USERS:
        chosen = np.random.default_rng(0).choice(len(task.users), _MAX_RANKED_USERS, replace=False)
        task = task.take(np.sort(chosen))
    return task


def first_rows(data: TrainingData, users: np.ndarray,
               split: str = "validation") -> dict[str, np.ndarray]:
    """Returns the model inputs of the first row of a split of each of some users."""
    rows = data.reader.rows(data.files[split])
    order = np.argsort(rows[columns.TIMESTAMP], kind="stable")
    seen, first = np.unique(rows[columns.USER_INDEX][order], return_index=True)
    chosen = order[first[np.searchsorted(seen, users)]]
    return {name: values[chosen] for name, values in data.reader.inputs(rows).items()}
