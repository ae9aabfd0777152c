"""Rankers in closed form alone: a network without towers, whose whole score is theirs."""

import time
from pathlib import Path

import keras
from keras import ops

from trainer.families.job import Job, Refit
from trainer.late_fusion.job import (
    item_content,
    refit_rankers,
    stacked,
    train_rankers,
    train_stacks,
    with_rankers_of,
    with_stacks_of,
)
from trainer.layers.heads import InnerProduct
from trainer.network.model import CANDIDATE, Network
from trainer.parts.part import ITEMS, USERS, whole_part
from trainer.preprocessing import columns
from trainer.training.data import TrainingData


def train_rankers_alone(job: Job) -> None:
    """Tunes the rankers on validation, and fits them on train and validation."""
    started = time.monotonic()
    job.data.events(*job.data.files)  # an empty split is an error before anything is computed
    content = item_content(job.data, job.seed)
    figures = {"late_fusion": train_rankers(job.data, None, content, job.weights, job.seed)}
    if job.data.recipe.predictors:
        figures["stacks"] = train_stacks(job.data, _towerless(job.data), content, job.weights,
                                         job.seed)
    network = restore_rankers(job.data, job.seed, job.weights)
    job.summarize(
        network.user.count_params() + network.item.count_params(),
        seconds=time.monotonic() - started, user_modalities=network.user_modalities,
        item_modalities=network.item_modalities, **figures)


def restore_rankers(data: TrainingData, seed: int, weights: Path) -> Network:
    """Builds the network around rankers and predictors that were fitted."""
    network = with_rankers_of(data, _towerless(data), weights)
    return with_stacks_of(data, network, weights) if data.recipe.predictors else network


def refit_rankers_alone(job: Refit) -> Network:
    """Fits the rankers with the weights and penalties that were found before, and nothing else."""
    refit_rankers(job.data, job.weights, job.scratch, job.seed)
    return with_rankers_of(job.data, _towerless(job.data), job.scratch)


def _towerless(data: TrainingData) -> Network:
    """Returns a network that says nothing of its own."""
    sides = {}
    heads = {name: InnerProduct(1, name=f"{name}_head") for name in stacked(data)}
    for side, index, keys in (
            (USERS, columns.USER_INDEX, (data.recipe.ranking, *heads)),
            (ITEMS, columns.ITEM_INDEX, ("vector", CANDIDATE))):
        read = keras.Input((), dtype="int32", name=index)
        nothing = ops.zeros_like(read, dtype="float32")[:, None]
        known = ops.cast(read > 0, "float32")[:, None]
        sides[side] = keras.Model({index: read}, {**dict.fromkeys(keys, nothing), "weights": known},
                                  name=side)
    user, item = sides[USERS], sides[ITEMS]
    inputs = {**user.input, **item.input}
    training = keras.Model(inputs, {"index": inputs[columns.ITEM_INDEX]}, name="rankers")
    return Network(user, item, {}, {}, heads, data.recipe.ranking, data.item_side.rows, training,
                   [whole_part("history", USERS)], [whole_part("rankers", ITEMS)])
