"""What a training job gives to a late fusion, and what the fusion makes of its network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from trainer.behaviour.past import past_relevance
from trainer.closed_form.biases import Values
from trainer.closed_form.events import Events as RankerEvents
from trainer.closed_form.factors import right_factors
from trainer.data.events import Events, concatenate
from trainer.data.memory import remember
from trainer.evaluation.ranking import RankingTask
from trainer.evaluation.scoring import catalogue, ranking_scores, user_outputs
from trainer.late_fusion.content import DIM, WIDE, ItemContent, fit_content
from trainer.late_fusion.fit import LateFusion, fit_late_fusion
from trainer.late_fusion.network import Recent, with_rankers, with_stacks
from trainer.late_fusion.predictors import Behaviour, Known
from trainer.late_fusion.stack import Stack, fit_stack
from trainer.network.model import Network
from trainer.training.data import TrainingData
from trainer.training.validation import first_rows, validation_task

_FOLDER, _STACKS = "late_fusion", "stacks"
_CONTENT = 32  # Components that predictors read: each user and item has a regression on them.


def item_content(data: TrainingData, seed: int, dim: int = DIM) -> ItemContent:
    """Returns the content of the items that a recipe reads, of so many components a feature."""
    features = data.bound.inputs("items")
    content = fit_content(features, data.item_side, seed, dim)
    return ItemContent(content, content.vectors(features, data.item_side))


def _contents(data: TrainingData, content: ItemContent, seed: int) -> list[ItemContent]:
    """Returns the content, and behind it the wider one where there is one."""
    wide = item_content(data, seed, WIDE)
    return [content, wide] if wide.map.dim > content.map.dim else [content]


def train_rankers(data: TrainingData, first: Network | None, content: ItemContent, weights: Path,
                  seed: int) -> dict[str, Any]:
    """Fits the rankers of a recipe beside its network, and writes them.

    Args:
      data: What was trained, and on what.
      first: The network of the first fit, which does not know validation, if there is one.
      content: The content of the items.
      weights: Folder of all that training learns.
      seed: Seed of all draws.

    Returns:
      The weights and what was tried, for the summary.
    """
    train, validation = data.events("train"), data.events("validation")
    task = validation_task(data, train, validation)
    network_scores = None if first is None else _network_scores(data, first)
    has_relevance = (not data.spec.has_history
                     or past_relevance(data.spec, data.recipe.relevance) is not None)
    fusion = fit_late_fusion(
        list(data.recipe.rankers), ranker_events(data, train),
        ranker_events(data, concatenate([train, validation])), task,
        _contents(data, content, seed), network_scores, has_relevance, seed)
    fusion.save(weights / _FOLDER)
    return {"weights": fusion.weights, "new_item_weights": fusion.new_item_weights,
            "validation": fusion.log}


def refit_rankers(data: TrainingData, weights: Path, refitted: Path, seed: int) -> LateFusion:
    """Fits the rankers afresh on other events, with the penalties found before.

    Args:
      data: The events, and what the rankers read of the items.
      weights: Folder of the training that found them.
      refitted: Folder of all that is learned now.
      seed: Seed of all draws.
    """
    earlier = LateFusion.load(weights / _FOLDER)
    content = ItemContent(earlier.content, earlier.content.vectors(
        data.bound.inputs("items"), data.item_side))
    fusion = earlier.refitted(ranker_events(data, data.events("train", "validation")),
                              _contents(data, content, seed), seed)
    fusion.save(refitted / _FOLDER)
    return fusion


def _network_scores(data: TrainingData, first: Network) -> Callable[[RankingTask], np.ndarray]:
    items = catalogue(first)
    return lambda some: ranking_scores(first, first_rows(data, some.users), items)


def train_stacks(data: TrainingData, first: Network, items: ItemContent, weights: Path,
                 seed: int) -> dict[str, Any]:
    """Fits the predictors of a recipe and their stack with each head, and writes them.

    Args:
      data: What was trained, and on what.
      first: The network of the first fit, which does not know validation.
      items: The content of the items.
      weights: Folder of all that training learns.
      seed: Seed of all draws.

    Returns:
      What was chosen for each task's stack, for the summary.
    """
    (weights / _STACKS).mkdir(parents=True, exist_ok=True)
    train, validation = data.events("train"), data.events("validation")
    splits = (train, concatenate([train, validation]))
    behaviours = [Behaviour(ranker_events(data, events)) for events in splits]
    features = data.bound.inputs("users")
    users = fit_content(features, data.user_side, seed).vectors(features, data.user_side)
    content = {name: _leading(vectors, seed) for name, vectors in (
        ("users", users), ("items", items.vectors))}
    user = user_outputs(first, data.reader.inputs(data.reader.rows(data.files["validation"])))
    vectors = catalogue(first).vectors[validation.items]
    figures = {}
    for name in stacked(data):
        kind, label = data.recipe.tasks[name].kind, str(data.recipe.tasks[name].label)
        before, known = (Known(_values(data, events, label), behaviour, **content, penalties={})
                         for events, behaviour in zip(splits, behaviours, strict=True))
        raw = np.asarray(first.heads[name](user[name], vectors), float)
        stack, figures[name] = fit_stack(
            list(data.recipe.predictors), before, _values(data, validation, label), known,
            raw[_usable(validation, label)], kind.chance)
        stack.save(weights / _STACKS / f"{name}.npz")
    return figures


def _leading(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Returns the leading components of content, `(rows, at most _CONTENT)`."""
    return vectors @ right_factors(sparse.csr_matrix(vectors), _CONTENT, seed)


def stacked(data: TrainingData) -> list[str]:
    """Returns the tasks whose heads predict one value of an event."""
    return [name for name, task in data.recipe.tasks.items()
            if task.kind.stacks and not task.of_user(data.spec)]


def with_stacks_of(data: TrainingData, network: Network, weights: Path) -> Network:
    """Returns the network with the stacks that were trained beside it."""
    return with_stacks(network, {name: Stack.load(weights / _STACKS / f"{name}.npz")
                                 for name in stacked(data)})


def _usable(events: Events, label: str) -> np.ndarray:
    return ~np.isnan(events.labels[label]) & (events.users > 0) & (events.items > 0)


def _values(data: TrainingData, events: Events, label: str) -> Values:
    rows = _usable(events, label)
    return Values(events.users[rows], events.items[rows], events.labels[label][rows].astype(float),
                  events.times[rows], len(data.users), len(data.items))


def with_rankers_of(data: TrainingData, network: Network, weights: Path) -> Network:
    """Returns the network with the score of the fusion that was trained beside it."""
    events = data.events("train", "validation")
    length = (int(data.spec.histories()["item_id"].max_values or 0) if data.spec.has_history
              else 0)
    memory = remember(events, data.users, data.items, length)
    relevant = past_relevance(data.spec, data.recipe.relevance)
    liked = (memory.items if relevant is None else
             memory.items * (memory.values[relevant.what] >= relevant.bound))
    known = ranker_events(data, events)
    return with_rankers(network, LateFusion.load(weights / _FOLDER), data, known,
                        Recent(memory.items, liked))


def ranker_events(data: TrainingData, events: Events) -> RankerEvents:
    """Returns the events that are of a known user and item, as rankers read them."""
    known = (events.users > 0) & (events.items > 0)
    label = data.recipe.relevance
    relevant = events.labels[label][known] > 0 if label else np.ones(int(known.sum()), bool)
    return RankerEvents(events.users[known], events.items[known], events.times[known], relevant,
                  len(data.users), len(data.items))
