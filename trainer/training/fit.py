"""Training: once to find the number of epochs, once more on all that may be known.

The first fit learns from train and stops early on validation NDCG@10; the second starts afresh on
train and validation, for the epochs found. Only the second is exported and scored on test.
"""

import json
import math
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from schemas import Feature, FeatureSpec, InputError
from trainer.data.events import Events, concatenate, read_events
from trainer.data.interactions import InteractionReader
from trainer.data.side import Side
from trainer.data.tables import Table
from trainer.evaluation.label_facts import label_means
from trainer.evaluation.ranking import RankingTask, ranking_metrics, ranking_task
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.network.factorization import build_factorization
from trainer.network.model import Network, build_network
from trainer.preprocessing import columns
from trainer.recipe.families import FittedRecipe
from trainer.training.accounting import steps_of_an_epoch
from trainer.training.callbacks import (
    Checkpoint,
    Curves,
    Epochs,
    Steps,
    epochs_noted,
    load_variables,
    save_variables,
)
from trainer.training.multitask import MultiTaskModel
from trainer.training.optimizer import MirroredLossScale, RowAdamW
from trainer.training.private import PrivateModel, neutral_means, user_batches
from trainer.training.tfrs_retrieval import tfrs_in_batch_softmax
from trainer.training.warm_start import Keys, WarmStart

MONITOR = "ndcg@10"
_MAX_RANKED_USERS = 10_000


@dataclass(frozen=True)
class TrainingData:
    """Everything a fit reads.

    Attributes:
      spec: The dataset's spec.
      recipe: What to train, a recipe of the class that its family has.
      users: The users table.
      items: The items table.
      user_side: What the model holds of the users.
      item_side: What the model holds of the items.
      reader: Reads the interactions.
      files: Files of transformed interactions, by split.
      keys: Keys of all vocabularies that a network may embed, for a warm start; else none.
      earlier: What a fit begins with; nothing where `None`.
    """

    spec: FeatureSpec
    recipe: Any
    users: Table
    items: Table
    user_side: Side
    item_side: Side
    reader: InteractionReader
    files: dict[str, list[str]]
    keys: Keys = field(default_factory=dict)
    earlier: WarmStart | None = None

    def features(self, side: str) -> tuple[Feature, ...]:
        """Returns the features of `users` or `items` that the recipe reads."""
        return self.spec.inputs(side, self.recipe.modalities, self.recipe.labels)

    def events(self, *splits: str) -> Events:
        """Returns the events of some splits."""
        return concatenate([read_events(self.reader, self.files[split]) for split in splits])


@dataclass(frozen=True)
class Fitted:
    """A trained network and how it came about.

    Attributes:
      network: The network of the second fit, in float32 and on one device.
      epochs: Epochs of the second fit.
      validation: Validation NDCG@10 after each epoch of the first fit.
      curves: Figures of each epoch of the fits `first` and `second`.
    """

    network: Network
    epochs: int
    validation: list[float]
    curves: dict[str, Epochs]


def fit_twice(data: TrainingData, seed: int, logs: Path, checkpoints: Path,
              strategy: tf.distribute.Strategy | None = None,
              precision: str | None = None) -> Fitted:
    """Trains a recipe's network.

    Args:
      data: What to train and on what.
      seed: Seed of weights, dropout and order.
      logs: Folder for TensorBoard, one subfolder a fit.
      checkpoints: Folder that survives a killed process; a rerun resumes from it. The caller
        removes it as soon as the result is safe.
      strategy: How to spread a step over devices; all GPUs, or the CPU, where `None`.
      precision: A Keras dtype policy; the recipe's where `None`.

    Returns:
      The second fit's network.

    Raises:
      InputError: A split has no rows, or nothing to stop by is in validation.
    """
    strategy = strategy or default_strategy(data.recipe)
    precision = precision or chosen_precision(data.recipe)
    train, validation = data.events("train"), data.events("validation")
    scores = _first_fit(
        data, train, validation, seed, logs, checkpoints, strategy, precision)
    # The best epoch would reveal the users in validation.
    private = data.recipe.private is not None
    epochs = data.recipe.training.max_epochs if private else int(np.argmax(scores)) + 1
    network = _fit(data, concatenate([train, validation]), ["train", "validation"], epochs, seed,
                   logs / "second", checkpoints / "second", strategy, precision)
    curves = {name: epochs_noted(_curves(checkpoints / name)) for name in ("first", "second")}
    return Fitted(network, epochs, scores, curves)


def _curves(checkpoints: Path) -> Path:
    """Returns where a fit's curves are: beside its state, whose folder is its own."""
    return checkpoints.with_name(f"{checkpoints.name}_curves.json")


def fit_once(data: TrainingData, seed: int, logs: Path, checkpoints: Path) -> list[float]:
    """Does the first fit alone, which looks for the number of epochs and keeps no network.

    Args:
      data: What to train and on what.
      seed: Seed of weights, dropout and order.
      logs: See `fit_twice`.
      checkpoints: See `fit_twice`.

    Returns:
      Validation NDCG@10 after each epoch; the last ones are those that early stopping waited.

    Raises:
      InputError: See `fit_twice`.
    """
    train, validation = data.events("train"), data.events("validation")
    return _first_fit(data, train, validation, seed, logs, checkpoints,
                      default_strategy(data.recipe), chosen_precision(data.recipe))


def fit_again(data: TrainingData, seed: int, epochs: int, scratch: Path) -> Network:
    """Fits a network on train and validation for epochs that were found before.

    Args:
      data: What to train and on what.
      seed: Seed of weights, dropout and order.
      epochs: Number of passes over the rows.
      scratch: Folder of the logs and the states.
    """
    return _fit(data, data.events("train", "validation"), ["train", "validation"], epochs, seed,
                scratch / "tensorboard", scratch / "again", default_strategy(data.recipe),
                chosen_precision(data.recipe))


def first_network(data: TrainingData, seed: int, checkpoints: Path) -> Network:
    """Returns the network of the first fit, which knows the train split alone.

    It is that of the epoch after the best one, if there is one: the best was chosen for its score
    of the validation users, so that what it says of them flatters it.
    """
    network = new_network(data, data.events("train"), seed)
    load_variables(_near_best(checkpoints), network.training.weights)
    return network


def _near_best(checkpoints: Path) -> Path:
    return checkpoints / "near_best.weights"


def default_strategy(recipe: FittedRecipe) -> tf.distribute.Strategy:
    """Returns a strategy over all GPUs, or TensorFlow's default on one device or the CPU.

    A private step's noise is drawn once, so that it is of one device.
    """
    several = recipe.private is None and len(tf.config.list_logical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


def chosen_precision(recipe: FittedRecipe) -> str:
    """Returns the dtype policy: mixed on GPUs unless the recipe says otherwise."""
    wish = "float32" if recipe.private else recipe.training.precision
    if wish != "auto":
        return wish
    return "mixed_float16" if tf.config.list_logical_devices("GPU") else "float32"


def suitable_batch_size(rows: int) -> int:
    """Returns a power of two from 128 to 4096 that makes about 80 steps of some rows."""
    return 2 ** min(max(round(math.log2(max(rows, 1) / 80)), 7), 12)


def new_network(data: TrainingData, events: Events, seed: int) -> Network:
    """Builds a recipe's network for a fit on some events, with its initial weights."""
    if data.recipe.private is None:
        means = label_means(data.spec, data.recipe, events)
        users, items = (
            replace(side, warm=np.bincount(index, minlength=side.rows) > 0) for side, index in (
                (data.user_side, events.users), (data.item_side, events.items)))
    else:  # nothing of the events but what private steps learn
        means, users, items = (
            neutral_means(data.spec, data.recipe), data.user_side, data.item_side)
    build = build_factorization if data.recipe.family == "factorization" else build_network
    return build(data.spec, data.recipe, users, items, means, seed)


def _first_fit(data, train: Events, validation: Events, seed, logs, checkpoints, strategy,
               precision) -> list[float]:
    watch = _EpochRanking(data, train, validation, checkpoints / "validation.json")
    if not watch.scores:
        # States without their scores: the process was killed while it removed them.
        shutil.rmtree(checkpoints, ignore_errors=True)
    if not watch.done:
        _fit(data, train, ["train"], data.recipe.training.max_epochs, seed, logs / "first",
             checkpoints / "first", strategy, precision, watch)
    return watch.scores


def _fit(data, events: Events, splits, epochs, seed, logs, checkpoints, strategy, precision,
         watch: "_EpochRanking | None" = None) -> Network:
    recipe = data.recipe
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        with strategy.scope():
            network = new_network(data, events, seed)
            if data.earlier is not None:
                data.earlier.begin(network, data.keys, checkpoints.name)
            model = _model(data, network, events, strategy)
            optimizer = RowAdamW(
                recipe.training.learning_rate, decay=recipe.training.weight_decay)
            scaled = precision == "mixed_float16"
            model.compile(MirroredLossScale(optimizer) if scaled else optimizer)
            # Its variables now, or the first step is traced twice.
            model.optimizer.build(model.trainable_variables)
    finally:
        keras.config.set_dtype_policy(policy)
    batches, steps = _steps(data, events, [f for s in splits for f in data.files[s]], seed)
    checkpoint = Checkpoint(checkpoints)
    behind = checkpoint.restore(model)
    # An epoch is noted before its state is kept, or a kill in between would lose it.
    callbacks = [Curves(_curves(checkpoints)), checkpoint,
                 keras.callbacks.TensorBoard(str(logs), write_graph=False)]
    if watch is not None:
        watch.network = network
        callbacks.insert(0, watch)  # an epoch is scored before its state is kept
    # Each epoch has an order of its own: those of the epochs that are behind are passed over.
    watched = sys.stdout.isatty()  # a bar where somebody watches, a line now and then in a file
    if not watched:
        callbacks.append(Steps(checkpoints.name, (epochs - behind) * steps))
    model.fit(batches.repeat().skip(behind * steps), steps_per_epoch=steps, initial_epoch=behind,
              epochs=epochs, callbacks=callbacks, verbose=int(watched))
    if precision == keras.config.dtype_policy().name and strategy.num_replicas_in_sync == 1:
        return network
    plain = new_network(data, events, seed)
    plain.training.set_weights(network.training.get_weights())
    return plain


def _model(data: TrainingData, network: Network, events: Events,
           strategy: tf.distribute.Strategy) -> MultiTaskModel:
    given = {"network": network.training, "recipe": data.recipe,
             "probability": events.item_probability(len(data.items)),
             "retrieval_loss": tfrs_in_batch_softmax, "replicas": strategy.num_replicas_in_sync}
    if data.recipe.private is None:
        return MultiTaskModel(**given)
    return PrivateModel(len(data.users), data.recipe.private, **given)


def _steps(data: TrainingData, events: Events, files: list[str], seed: int
           ) -> tuple[tf.data.Dataset, int]:
    """Returns what each step reads, and the steps of an epoch."""
    recipe = data.recipe
    if recipe.private is not None:
        return (user_batches(data.reader, files, recipe.private, len(data.users)),
                steps_of_an_epoch(recipe.private))
    size = min(recipe.training.batch_size or suitable_batch_size(len(events)), len(events))
    return data.reader.batches(files, size, seed), len(events) // size


class _EpochRanking(keras.callbacks.Callback):
    """Ranks the catalogue for the validation users after each epoch, and stops on a plateau."""

    def __init__(self, data: TrainingData, train: Events, validation: Events, state: Path):
        super().__init__()
        self.network: Network | None = None
        self._state, self._training = state, data.recipe.training
        self._kept = data.recipe.keeps_first_fit
        self._task = validation_task(data, train, validation)
        self._queries = first_rows(data, self._task.users)
        # A killed fit goes on where it stopped.
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
        self.scores = [*self.scores[:epoch], metrics[MONITOR]]
        self._state.parent.mkdir(parents=True, exist_ok=True)
        if self._kept and epoch - int(np.argmax(self.scores)) <= 1:
            save_variables(_near_best(self._state.parent), self.network.training.weights)
        partial = self._state.with_suffix(".partial")
        partial.write_text(json.dumps(self.scores))
        partial.replace(self._state)
        if logs is not None:
            logs[f"validation_{MONITOR}"] = metrics[MONITOR]
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
