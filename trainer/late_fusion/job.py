"""What a training job gives to a late fusion, and what the fusion makes of its network."""

from pathlib import Path

import numpy as np

from trainer.behaviour.past import has_history, past_relevance
from trainer.closed_form.events import Events
from trainer.evaluation.ranking import RankingTask
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.export.memory import remember
from trainer.late_fusion.content import fit_content
from trainer.late_fusion.fit import LateFusion, fit_late_fusion
from trainer.late_fusion.network import fused_network
from trainer.network.model import Network
from trainer.training.fit import TrainingData, first_rows, validation_task

_FOLDER = "late_fusion"


def train_late_fusion(data: TrainingData, first: Network, weights: Path, seed: int) -> LateFusion:
    """Fits the rankers of a recipe beside its network, and writes them.

    Args:
      data: What was trained, and on what.
      first: The network of the first fit, which does not know validation.
      weights: Folder of all that training learns.
      seed: Seed of all draws.
    """
    train = data.events("train")
    task = validation_task(data, train, data.events("validation"))
    features = data.spec.inputs("items", data.recipe.modalities, data.recipe.labels)
    content = fit_content(features, data.item_side, seed)
    items = catalogue(first)

    def network_scores(some: RankingTask) -> np.ndarray:
        return ranking_scores(first, first_rows(data, some.users), items)

    told = (not has_history(data.spec)
            or past_relevance(data.spec, data.recipe.relevance) is not None)
    fusion = fit_late_fusion(
        list(data.recipe.rankers), ranker_events(data, "train"),
        ranker_events(data, "train", "validation"), task, content,
        content.vectors(features, data.item_side), network_scores, told, seed)
    fusion.save(weights / _FOLDER)
    return fusion


def with_late_fusion(data: TrainingData, network: Network, weights: Path) -> Network:
    """Returns the network with the score of the fusion that was trained beside it."""
    events = data.events("train", "validation")
    length = (int(data.spec.histories()["item_id"].max_values or 0) if has_history(data.spec)
              else 0)
    recent = remember(events, data.users, data.items, length).items
    known = ranker_events(data, "train", "validation")
    return fused_network(network, LateFusion.load(weights / _FOLDER), data, known, recent)


def ranker_events(data: TrainingData, *splits: str) -> Events:
    """Returns the events of some splits that are of a known user and item."""
    events = data.events(*splits)
    known = (events.users > 0) & (events.items > 0)
    label = data.recipe.relevance
    relevant = events.labels[label][known] > 0 if label else np.ones(int(known.sum()), bool)
    return Events(events.users[known], events.items[known], events.times[known], relevant,
                  len(data.users), len(data.items))
