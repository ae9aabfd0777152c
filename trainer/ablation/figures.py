"""What a network reaches on test without each modality, and with each feature shuffled."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from schemas import ENTITIES, Feature
from schemas.log import Progress
from trainer.ablation import WHOLE
from trainer.data.events import concatenate
from trainer.evaluation.ranking import PRIMARY, RankingTask, ranking_metrics, ranking_task
from trainer.evaluation.scoring import Catalogue, catalogue, ranking_scores, user_outputs
from trainer.evaluation.written_scores import WrittenScores
from trainer.families import FAMILIES
from trainer.layers.lookup import TableLookup
from trainer.network.model import Network
from trainer.options import look_up
from trainer.preprocessing import columns
from trainer.recipe import Task
from trainer.training.data import TrainingData
from trainer.training.validation import first_rows

Change = Callable[[np.ndarray], np.ndarray]
_RANKING = (PRIMARY, "recall@20", "mrr")
_MOST_USERS = 2_000

Measure = Callable[[Network], dict[str, float]]


def absent(values: np.ndarray) -> np.ndarray:
    """Returns a column as if nobody had a value: as the unknown one of row 0, who has none."""
    return np.broadcast_to(values[:1], values.shape).copy()


def shuffled(seed: int) -> Change:
    """Returns what gives everybody somebody else's value, the same one's in all columns."""
    def change(values: np.ndarray) -> np.ndarray:
        order = 1 + np.random.default_rng(seed).permutation(len(values) - 1)
        return np.concatenate([values[:1], values[order]])

    return change


def changed(network: Network, data: TrainingData, features: Mapping[str, tuple[Feature, ...]],
            change: Change) -> Network:
    """Returns the network with changed content; what it learned stays.

    What was computed of the content of a user's past events was learned, too.

    Args:
      network: The network.
      data: What it was trained on.
      features: What is changed of `users` and of `items`.
      change: From a column, `(rows, ...)`, to a column.
    """
    lookups = {}
    for side, table, lookup in (("users", data.user_side, network.user_lookup),
                                ("items", data.item_side, network.item_lookup)):
        wanted = {feature.name for feature in features.get(side, ())}
        names = {name for name, owner in table.owners.items() if owner in wanted} & lookup.keys()
        lookups[side] = lookup | {
            name: TableLookup(change(table.content[name]), name=f"changed_{side}_{name}")
            for name in names}
    return replace(network, user_lookup=lookups["users"], item_lookup=lookups["items"])


def ablation_figures(data: TrainingData, seed: int, weights: Path) -> dict[str, Any]:
    """Measures a trained model on test without each modality and with each feature shuffled.

    Args:
      data: What was trained, and on what.
      seed: The training's seed.
      weights: Folder of what it learned.

    Returns:
      `ablation`, by modality the figures without it, and by `none` those of the whole;
      `importance`, by side and feature what NDCG@10 loses when everybody has somebody else's
      value (Breiman 2001), and by `history` if it is the past. Or `skipped`, the reason.
    """
    trained = look_up(FAMILIES, data.recipe.family, "family").restore(data, seed, weights)
    if isinstance(trained, WrittenScores):
        return {"ablation": {"skipped": "The model wrote its scores; it cannot be asked again."}}
    task = test_task(data)
    if not len(task.users):
        return {"ablation": {"skipped": "No test user can be ranked."}}
    rows, every = first_rows(data, task.users, "test"), data.reader.rows(data.files["test"])

    def measure(network: Network) -> dict[str, float]:
        items = catalogue(network)
        return _ranking(network, items, rows, task) | _values(network, items, data, every)

    without = without_each(trained, data, measure)
    return {"ablation": without,
            "importance": _importance(trained, data, rows, task, without[WHOLE][PRIMARY])}


def without_each(network: Network, data: TrainingData,
                 measure: Measure) -> dict[str, dict[str, float]]:
    """Measures a network without each modality, and by `none` without nothing."""
    figures, modalities = {WHOLE: measure(network)}, data.recipe.modalities
    for name in Progress("Ablation, modalities", len(modalities)).over(modalities):
        features = {side: tuple(f for f in data.bound.inputs(side) if f.modality == name)
                    for side in ENTITIES}
        if any(features.values()):
            figures[name] = measure(changed(network, data, features, absent))
    return figures


def test_task(data: TrainingData) -> RankingTask:
    """Returns the ranking of the test split, over item indices; of many users some are drawn."""
    known, test = data.events("train", "validation"), data.events("test")
    both, relevant = concatenate([known, test]), data.recipe.relevance
    held_out = np.arange(len(both)) >= len(known)
    real = (both.users > 0) & (both.items > 0)
    wanted = both.labels[relevant] > 0 if relevant else np.ones(len(both), bool)
    return ranking_task(both.users, both.items, wanted, known=~held_out & real,
                        held_out=held_out & real, n_items=len(data.items)).sample(_MOST_USERS)


def _ranking(network: Network, items: Catalogue, rows: Mapping[str, np.ndarray],
             task: RankingTask) -> dict[str, float]:
    metrics = ranking_metrics(ranking_scores(network, dict(rows), items), task).metrics
    return {name: metrics[name] for name in _RANKING}


def _values(network: Network, items: Catalogue, data: TrainingData,
            rows: dict[str, np.ndarray]) -> dict[str, float]:
    """Returns what tables show of each task that predicts something of events."""
    tasks = {name: task for name, task in data.recipe.judged.items()
             if name in network.heads and not task.of_user(data.spec)}
    if not tasks:
        return {}
    user, figures = user_outputs(network, data.reader.inputs(rows)), dict[str, float]()
    for name, task in tasks.items():
        truth, among = _truth(task, rows)
        known = ~np.isnan(truth).any(axis=1)
        outputs = [task.kind.prediction(
            data.spec, task.targets, network.heads[name](user[name][known], items.vectors[some]))
            for some in among[known].T]
        predictions = np.stack([np.asarray(one, float) for one in outputs], axis=1)
        measured = task.kind.measured(_alone(truth[known]), _alone(predictions))
        figures |= {f"{name}_{metric.key}": measured[metric.key] for metric in task.kind.metrics
                    if metric.shown and np.isfinite(measured.get(metric.key, np.nan))}
    return figures


def _truth(task: Task, rows: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Returns a task's labels, `(rows, labels)`, NaN if absent, and the items of its predictions.

    These are the row's own, `(rows, 1)`, and the unseen ones that it is compared with if it is.
    """
    labels, among = [rows[columns.label(name)] for name in task.targets], rows[columns.ITEM_INDEX]
    if not task.kind.against_unseen:
        return np.stack(labels, axis=1), among[:, None]
    unseen = rows[columns.UNSEEN_INDEX]
    judged = np.all([(unseen > 0).all(axis=1), *(label > 0 for label in labels)], axis=0)
    among = np.column_stack([among, unseen])
    return np.where(judged[:, None], np.arange(among.shape[1]) == 0, np.nan), among


def _alone(values: np.ndarray) -> np.ndarray:
    """Returns `(rows, ...)` of `(rows, 1, ...)`."""
    return values[:, 0] if values.shape[1] == 1 else values


def _importance(network: Network, data: TrainingData, rows: dict[str, np.ndarray],
                task: RankingTask, whole: float) -> dict[str, Any]:
    items = catalogue(network)

    def loss(some: Network, vectors: Catalogue, inputs: dict[str, np.ndarray]) -> float:
        return whole - _ranking(some, vectors, inputs, task)[PRIMARY]

    def of(side: str, feature: Feature) -> float:
        some = changed(network, data, {side: (feature,)}, shuffled(0))
        # What is changed of users alone leaves what is said of items as it is.
        return loss(some, items if side == "users" else catalogue(some), rows)

    features = [(side, feature) for side in ENTITIES for feature in data.bound.inputs(side)]
    losses: dict[str, Any] = {side: {} for side in ENTITIES}
    for side, feature in Progress("Importance, features", len(features)).over(features):
        losses[side][feature.name] = of(side, feature)
    order = np.random.default_rng(0).permutation(len(task.users))
    past = {name: values if name == columns.USER_INDEX else values[order]
            for name, values in rows.items()}
    return losses | {"history": loss(network, items, past)}
