"""What a network reaches on test without each modality, and with each feature shuffled."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from schemas import Feature
from trainer.ablation import WHOLE
from trainer.ablation.content import absent, changed, shuffled
from trainer.data.events import concatenate
from trainer.evaluation.ranking import RankingTask, ranking_metrics, ranking_task
from trainer.evaluation.scoring import Catalogue, catalogue, ranking_scores, user_outputs
from trainer.evaluation.written_scores import WrittenScores
from trainer.families import FAMILIES
from trainer.late_fusion.job import stacked
from trainer.layers.registry import look_up
from trainer.network.model import Network
from trainer.preprocessing import columns
from trainer.tasks.probability import area_under_curve
from trainer.training.fit import TrainingData, first_rows

_PRIMARY = "ndcg@10"
_RANKING = (_PRIMARY, "recall@20", "mrr")
_MOST_USERS = 2_000
_SIDES = ("users", "items")

Measure = Callable[[Network], dict[str, float]]


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
            "importance": _importance(trained, data, rows, task, without[WHOLE][_PRIMARY])}


def without_each(network: Network, data: TrainingData,
                 measure: Measure) -> dict[str, dict[str, float]]:
    """Measures a network without each modality, and by `none` without nothing."""
    found = {WHOLE: measure(network)}
    for name in data.recipe.modalities:
        features = {side: tuple(f for f in data.features(side) if f.modality == name)
                    for side in _SIDES}
        if any(features.values()):
            found[name] = measure(changed(network, data, features, absent))
    return found


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
    """Returns the error or the area under the curve of each task that predicts one value."""
    tasks = [name for name in stacked(data) if name in network.heads]
    if not tasks:
        return {}
    user, vectors = user_outputs(network, data.reader.inputs(rows)), items.vectors
    found = {}
    for name in tasks:
        task = data.recipe.tasks[name]
        truth = rows[columns.label(str(task.label))]
        known = ~np.isnan(truth)
        raw = network.heads[name](user[name][known], vectors[rows[columns.ITEM_INDEX][known]])
        said = np.asarray(task.kind.prediction(data.spec, task.targets, raw), float)
        if not task.kind.zero_one and known.any():
            found[f"{name}_rmse"] = float(np.sqrt(np.mean((said - truth[known]) ** 2)))
        elif len(np.unique(truth[known])) > 1:
            found[f"{name}_auc"] = area_under_curve(truth[known] > 0, said)
    return found


def _importance(network: Network, data: TrainingData, rows: dict[str, np.ndarray],
                task: RankingTask, whole: float) -> dict[str, Any]:
    items = catalogue(network)

    def loss(some: Network, said: Catalogue, asked: dict[str, np.ndarray]) -> float:
        return whole - _ranking(some, said, asked, task)[_PRIMARY]

    def of(side: str, feature: Feature) -> float:
        some = changed(network, data, {side: (feature,)}, shuffled(0))
        # What is changed of users alone leaves what is said of items as it is.
        return loss(some, items if side == "users" else catalogue(some), rows)

    found: dict[str, Any] = {
        side: {feature.name: of(side, feature) for feature in data.features(side)}
        for side in _SIDES}
    order = np.random.default_rng(0).permutation(len(task.users))
    past = {name: values if name == columns.USER_INDEX else values[order]
            for name, values in rows.items()}
    return found | {"history": loss(network, items, past)}
