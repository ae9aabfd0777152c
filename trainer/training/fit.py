"""Training: once to find the number of epochs, once more on all that may be known.

The first fit learns from train and stops early on validation NDCG@10; the second starts afresh on
train and validation, for the epochs found. Only the second is exported and scored on test.
"""

import math
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from trainer.data.events import Events, concatenate
from trainer.evaluation.label_facts import label_means
from trainer.network.factorization import build_factorization
from trainer.network.model import Network, build_network
from trainer.options import look_up
from trainer.recipe.families import FittedRecipe
from trainer.training.accounting import steps_of_an_epoch
from trainer.training.callbacks import (
    Checkpoint,
    Curves,
    Epochs,
    Steps,
    epochs_noted,
    load_variables,
)
from trainer.training.data import TrainingData
from trainer.training.multitask import MultiTaskModel
from trainer.training.optimizer import MirroredLossScale, RowAdamW
from trainer.training.private import PrivateModel, neutral_means, user_batches
from trainer.training.tfrs_retrieval import tfrs_in_batch_softmax
from trainer.training.validation import EpochRanking, near_best

NETWORKS: dict[str, Callable[..., Network]] = {
    "network": build_network, "factorization": build_factorization}


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
    load_variables(near_best(checkpoints), network.training.weights)
    return network


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
        means = label_means(data.bound, events)
        users, items = (
            replace(side, warm=np.bincount(index, minlength=side.rows) > 0) for side, index in (
                (data.user_side, events.users), (data.item_side, events.items)))
    else:  # nothing of the events but what private steps learn
        means, users, items = (
            neutral_means(data.bound), data.user_side, data.item_side)
    build = look_up(NETWORKS, data.recipe.family, "family")
    return build(data.bound, users, items, means, seed)


def _first_fit(data, train: Events, validation: Events, seed, logs, checkpoints, strategy,
               precision) -> list[float]:
    watch = EpochRanking(data, train, validation, checkpoints / "validation.json")
    if not watch.scores:
        # States without their scores: the process was killed while it removed them.
        shutil.rmtree(checkpoints, ignore_errors=True)
    if not watch.done:
        _fit(data, train, ["train"], data.recipe.training.max_epochs, seed, logs / "first",
             checkpoints / "first", strategy, precision, watch)
    return watch.scores


def _fit(data, events: Events, splits, epochs, seed, logs, checkpoints, strategy, precision,
         watch: EpochRanking | None = None) -> Network:
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
        return MultiTaskModel(**given, variances={
            label: events.label_variance(label) for label in data.recipe.labels})
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
