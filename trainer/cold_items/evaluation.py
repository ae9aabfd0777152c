"""The evaluation of items without an event: a second training without them, and its ranking."""

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.ablation import WHOLE
from trainer.ablation.figures import without_each
from trainer.closed_form.draw import Draw, cold_task, draw_items, without
from trainer.cold_items import SHOWN
from trainer.cold_items.baselines import cold_baselines
from trainer.data.interactions import id_lookup, with_item_reviews
from trainer.data.memory import remember
from trainer.evaluation.ranking import RankingTask, Scorer, rank
from trainer.evaluation.ranking_lists import random_order
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.evaluation.written_scores import WrittenScores
from trainer.export.requests import UserRequest
from trainer.families import FAMILIES
from trainer.families.job import Refit
from trainer.late_fusion.content import WIDE, fit_content
from trainer.late_fusion.job import ranker_events
from trainer.network.model import Network
from trainer.options import look_up
from trainer.training.data import TrainingData

_BATCH = 1024
log = logging.getLogger("tessera.cold_items")

_MOST_USERS = 10_000


def inputs_now(data: TrainingData, users: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the inputs of users who ask after their last known event, as a server makes them.

    Args:
      data: The tables, and the known events as its splits `train` and `validation`.
      users: User indices, `(q,)`.
    """
    spec, history = data.spec, data.spec.histories().get("item_id")
    length = int(history.max_values or 0) if history else 0
    memory = remember(data.events("train", "validation"), data.users, data.items, length)
    request = UserRequest(spec, data.recipe.past, memory, id_lookup(data.users),
                          id_lookup(data.items), data.reader.transform)
    parts = []
    for start in range(0, len(users), _BATCH):
        ids = [data.users.ids[user - 1] for user in users[start : start + _BATCH]]
        defaults = {name: tf.fill([len(ids)] + [1] * (one.shape.rank - 1),
                                  tf.constant("" if one.dtype == tf.string else -1, one.dtype))
                    for name, one in request.signature().items()}
        read = request.columns({**defaults, "user_id": tf.constant(ids)})
        parts.append({name: values.numpy() for name, values in read.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class NetworkScores:
    """Scores of users whose inputs are known.

    Args:
      network: The network.
      inputs: Inputs of each user, see `inputs_now`.
      users: User indices in ascending order, `(q,)`.
    """

    def __init__(self, network: Network, inputs: dict[str, np.ndarray], users: np.ndarray):
        self._network, self._inputs, self._users = network, inputs, users
        self._items = catalogue(network)

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, items)` float32."""
        rows = np.searchsorted(self._users, users)
        return ranking_scores(
            self._network, {name: values[rows] for name, values in self._inputs.items()},
            self._items)


class FileScores:
    """Scores of a model that writes them.

    Args:
      written: The scores.
      data: The tables, by whose indices users and items are asked.
    """

    def __init__(self, written: WrittenScores, data: TrainingData):
        rows = {name: row for row, name in enumerate(written.users)}
        self._rows = np.array([-1, *(rows.get(name, -1) for name in data.users.ids)])
        self._ranking = written.ranking

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, items)` float32."""
        rows = self._ranking[self._rows[users]]
        return np.concatenate([np.zeros((len(rows), 1), np.float32), rows], axis=1)


def cold_figures(data: TrainingData, seed: int, weights: Path, summary: Mapping[str, Any],
                 draw: Draw) -> dict[str, Any]:
    """Fits a recipe once more without some items, and ranks these among themselves.

    Args:
      data: What was trained, and on what.
      seed: The training's seed.
      weights: Folder of what it learned.
      summary: Its `summary.json`.
      draw: Which items.

    Returns:
      `items` and `users`, their numbers; `recall@50` and `ndcg@10` of the recipe; the same of each
      of the `baselines`, by name, and in `ablation` of the recipe without each modality. Or
      `skipped`, the reason, where there is nothing to rank.
    """
    features = data.bound.inputs("items")
    if not features and not data.recipe.reads_item_reviews:
        return {"skipped": "The recipe reads no content of the items, so that it knows nothing of "
                           "an item without an event."}
    every = ranker_events(data, data.events(*data.files))
    counts = np.bincount(every.items, minlength=every.n_items)
    places = draw_items(data.items.ids, counts[1:], draw)
    cold = np.zeros(every.n_items, bool)
    cold[1 + places] = True
    task = cold_task(every, cold).sample(_MOST_USERS)
    if reason := _nothing(cold, counts, task, draw):
        return {"skipped": reason}
    with tempfile.TemporaryDirectory() as scratch:
        hidden = without_items(data, cold)
        family = look_up(FAMILIES, data.recipe.family, "family")
        trained = family.refit(Refit(hidden, seed, weights, summary, Path(scratch)))
        figures, without_modality = _measured(trained, hidden, task)
    log.info("Cold items: recall@50 %.4f of %d items", figures["recall@50"], cold.sum())
    baselines = {"random": random_order(task)}
    if features:
        content = fit_content(features, data.item_side, seed, WIDE)
        vectors = content.vectors(features, data.item_side)
        baselines |= {name: _shown(scorer, task) for name, scorer in cold_baselines(
            without(every, cold), vectors, draw.min_events)}
    return {"items": int(cold.sum()), "users": len(task.users), **figures, "baselines": baselines,
            "ablation": without_modality}


def without_items(data: TrainingData, cold: np.ndarray) -> TrainingData:
    """Returns training data that have no event of some items, and no time split.

    Args:
      data: All data.
      cold: The items, `(items,)` bool.

    Returns:
      The data: what was in test belongs to `train`, and `test` is everything.
    """
    files, reader = data.files, replace(data.reader, hidden=cold)
    files = {"train": files["train"] + files["test"], "validation": files["validation"],
             "test": [one for some in files.values() for one in some]}
    side = data.item_side
    if data.recipe.reads_item_reviews:
        reader, side = with_item_reviews(reader, side, files["train"])
    return replace(data, reader=reader, files=files, item_side=side)


def _nothing(cold: np.ndarray, counts: np.ndarray, task: RankingTask, draw: Draw) -> str:
    """Returns why there is nothing to rank; an empty text where there is."""
    if not cold.any():
        able = int((counts[1:] >= draw.min_events).sum())
        return (f"{able} items have {draw.min_events} events or more, and a share of "
                f"{draw.share:g} of them is none.")
    if not len(task.users):
        return (f"Nobody with another event has a relevant one of the {int(cold.sum())} items "
                "drawn.")
    return ""


def _measured(trained: Network | WrittenScores, data: TrainingData, task: RankingTask,
              ) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Returns the figures of the whole, and those without each modality; no file has these."""
    if isinstance(trained, WrittenScores):
        return _shown(FileScores(trained, data), task), {}
    inputs = inputs_now(data, task.users)
    figures = without_each(trained, data, lambda network: _shown(
        NetworkScores(network, inputs, task.users), task))
    return figures.pop(WHOLE), figures


def _shown(scorer: Scorer, task: RankingTask) -> dict[str, float]:
    metrics = rank(scorer, task).metrics
    return {name: metrics[name] for name in SHOWN}
