"""The fit of a late fusion: rankers tuned on validation, their weights, and the final rankers."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from schemas import InputError
from schemas.log import Progress
from trainer.closed_form.events import Events
from trainer.closed_form.search import Parameters, search
from trainer.evaluation.ranking import RankingTask, ranking_metrics
from trainer.late_fusion.content import ContentMap
from trainer.late_fusion.kinds import RANKER_KINDS
from trainer.late_fusion.linear import NEVER_FADES, LinearRanker, weighted_history
from trainer.late_fusion.member import Member, members
from trainer.late_fusion.new_items import fit_new_items
from trainer.late_fusion.weights import fit_weights, sampled, standardised, weighted_sum

log = logging.getLogger("tessera.trainer")

NETWORK = "network"
_HORIZONS = (15.0, 60.0, NEVER_FADES)
_PRIMARY = "ndcg@10"
_TUNING_USERS = 2_000
_CONTENT, _FUSION, _RANKERS = "content.npz", "fusion.json", "rankers"


@dataclass(frozen=True)
class LateFusion:
    """A fitted fusion.

    Attributes:
      rankers: The rankers by name.
      relevant_only: Which of them read the relevant events of a history alone.
      horizon: By how many events the weight of a history's event falls by the factor e.
      weights: Weight of each ranker and of `network`, of sum 1.
      new_item_weights: The same where an item has no event.
      content: Makes content of an item's columns.
      log: What was tried, and what it reached on validation.
    """

    rankers: dict[str, LinearRanker]
    relevant_only: frozenset[str]
    horizon: float
    weights: dict[str, float]
    new_item_weights: dict[str, float]
    content: ContentMap
    log: dict[str, Any]

    def refitted(self, events: Events, vectors: np.ndarray, seed: int) -> "LateFusion":
        """Returns the rankers fitted on other events, with what was chosen on validation before.

        The weights for new items are found afresh, for the events of before may be about them.

        Args:
          events: What to learn from.
          vectors: The content of all items, `(items, content)`.
          seed: Seed of all draws.
        """
        chosen = [Member(name, self.log[name]["kind"], name in self.relevant_only,
                         self.log[name]["parameters"]) for name in self.rankers]
        rankers, of_new = _fit_for_all(chosen, events, vectors, self.horizon, seed)
        return replace(self, rankers=rankers,
                       new_item_weights=_with_network(of_new, self.weights))

    def save(self, folder: Path) -> None:
        """Writes the fusion into a folder."""
        (folder / _RANKERS).mkdir(parents=True, exist_ok=True)
        for name, ranker in self.rankers.items():
            ranker.save(folder / _RANKERS / f"{name}.npz")
        self.content.save(folder / _CONTENT)
        (folder / _FUSION).write_text(json.dumps(
            {"relevant_only": sorted(self.relevant_only), "horizon": self.horizon,
             "weights": self.weights, "new_item_weights": self.new_item_weights,
             "log": self.log}, indent=1), encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> "LateFusion":
        """Reads a fusion."""
        written = json.loads((folder / _FUSION).read_text(encoding="utf-8"))
        rankers = {name: LinearRanker.load(folder / _RANKERS / f"{name}.npz")
                   for name in written["weights"] if name != NETWORK}
        return LateFusion(
            rankers, frozenset(written["relevant_only"]), written["horizon"], written["weights"],
            written["new_item_weights"], ContentMap.load(folder / _CONTENT), written["log"])


def fit_late_fusion(
    names: Sequence[str], train: Events, known: Events, task: RankingTask, content: ContentMap,
    vectors: np.ndarray, network_scores: Callable[[RankingTask], np.ndarray] | None,
    has_relevance: bool, seed: int,
) -> LateFusion:
    """Tunes the rankers on validation, weighs them and the network there, and fits them afresh.

    Args:
      names: Names of `RANKER_KINDS`.
      train: Events of the train split.
      known: Events of train and validation.
      task: The ranking of the validation split.
      content: Makes content of an item's columns.
      vectors: The content of all items, `(items, content)`.
      network_scores: Returns the network's scores of a task's users, `(q, items)`; `None` where
        there is no network.
      has_relevance: See `members`.
      seed: Seed of all draws.

    Raises:
      InputError: No ranker can be fitted.
    """
    chosen = members(names, train, vectors, has_relevance)
    if not chosen:
        raise InputError(
            "no-ranker", f"None of the rankers {', '.join(names)} can be fitted: 'content' needs "
            "a modality of the items, and 'item_to_item' a catalogue of "
            f"{RANKER_KINDS['item_to_item'].most_items:,} items at most. Name others.")
    some = sampled(task, 1).sample(_TUNING_USERS)
    horizon, of_horizons = _best_horizon(chosen, train, vectors, some)
    tried: dict[str, Any] = {"horizon": of_horizons}
    tuned = []
    for member in Progress("Rankers tuned", len(chosen)).over(chosen):
        one, tried[member.name] = _tuned(member, train, vectors, horizon, some)
        tuned.append(one)
    few = sampled(task, len(tuned) + 1)
    in_training = train.warm
    scores = [standardised(one.fit(train, vectors, horizon).scores(
        weighted_history(train, one.relevant_only, horizon)[few.users]), in_training)
        for one in tuned]
    own = None if network_scores is None else standardised(network_scores(few), in_training)
    shares, tried["fused"] = _shares(scores, own, few, seed)
    weights = dict(zip([*(one.name for one in tuned), NETWORK], shares, strict=True))
    if own is None:
        del weights[NETWORK]
    log.info("Trainer: late fusion of %s",
             ", ".join(f"{name} {share:.2f}" for name, share in weights.items() if share))
    rankers, of_new = _fit_for_all(tuned, known, vectors, horizon, seed)
    return LateFusion(
        rankers, frozenset(one.name for one in tuned if one.relevant_only), horizon,
        weights, _with_network(of_new, weights), content, tried)


def _tuned(member: Member, train: Events, vectors: np.ndarray, horizon: float,
           task: RankingTask) -> tuple[Member, dict[str, Any]]:
    """Returns a ranker with its best parameters, and what was tried, for the log."""
    histories = weighted_history(train, member.relevant_only, horizon)[task.users]

    def reached(parameters: Parameters) -> float:
        ranker = replace(member, parameters=parameters).fit(train, vectors, horizon)
        return _reached(ranker, histories, task)

    result = search(member.kind.axes, reached)
    return replace(member, parameters=result.best), {
        "kind": member.kind_name, "parameters": result.best, _PRIMARY: result.score,
        "at_bound": list(result.at_bound), "tried": len(result.tried)}


def _fit_for_all(tuned: Sequence[Member], events: Events, vectors: np.ndarray, horizon: float,
                 seed: int) -> tuple[dict[str, LinearRanker], dict[str, float]]:
    """Returns the rankers, fitted for items without an event, too, and their weights for these."""
    weights, content_penalty = fit_new_items(tuned, events, vectors, horizon, seed)
    return {one.name: one.fit(events, vectors, horizon).with_new_items(
        vectors, events.item_counts(one.relevant_only), content_penalty) for one in tuned}, weights


def _with_network(of_new: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """Returns the weights for new items, in which the network has half of its share elsewhere.

    No validation can measure what it is worth there, for it has learned of all known items.

    Args:
      of_new: Weights of the rankers for new items, of sum 1; empty where none could be found.
      weights: Weights for the other items.
    """
    network = weights.get(NETWORK, 0.0) / 2
    rankers = {name: (1 - network) * share for name, share in of_new.items()}
    return {**rankers, NETWORK: network} if rankers and network else rankers or dict(weights)


def _shares(scores: list[np.ndarray], own: np.ndarray | None, task: RankingTask,
            seed: int) -> tuple[list[float], dict[str, float]]:
    """Weighs the rankers, and the network behind them where it is worth more than a chance.

    The number of its epochs was chosen on the same users. So the network is added only if their
    mean gain is above its standard error (Breiman et al. 1984: of what validation cannot
    distinguish, the simpler).

    Args:
      scores: Each ranker's standardised scores, `(q, items)`.
      own: Those of the network, if there is one.
      task: The ranking of the validation split.
      seed: Seed of the draws.

    Returns:
      Weight of each ranker and of the network, and what was reached, for the log.
    """
    alone = fit_weights(scores, task, seed)
    without = ranking_metrics(weighted_sum(alone, scores), task)
    figures = {_PRIMARY: without.metrics[_PRIMARY]}
    if own is None:
        return [*alone.tolist(), 0.0], figures
    together = fit_weights([*scores, own], task, seed)
    gain = ranking_metrics(weighted_sum(together, [*scores, own]), task).ndcg - without.ndcg
    error = float(gain.std() / np.sqrt(len(gain)))
    figures |= {f"network_{_PRIMARY}": ranking_metrics(own, task).metrics[_PRIMARY],
                "network_gain": float(gain.mean()), "network_gain_se": error}
    if gain.mean() <= error:
        return [*alone.tolist(), 0.0], figures
    return together.tolist(), figures


def _best_horizon(chosen: Sequence[Member], train: Events, vectors: np.ndarray,
                  task: RankingTask) -> tuple[float, Mapping[str, float]]:
    """Returns the horizon that is best for all rankers together: one alone follows chance."""
    if not train.timed or not len(task.users):
        return NEVER_FADES, {}
    reached: dict[float, list[float]] = {horizon: [] for horizon in _HORIZONS}
    for one in chosen:
        ranker = None
        for horizon, figures in reached.items():
            if ranker is None or one.kind.fades:
                ranker = one.fit(train, vectors, horizon)
            histories = weighted_history(train, one.relevant_only, horizon)[task.users]
            figures.append(_reached(ranker, histories, task))
    means = {horizon: float(np.mean(figures)) for horizon, figures in reached.items()}
    return max(means, key=lambda h: means[h]), {f"{h:g}": v for h, v in means.items()}


def _reached(ranker: LinearRanker, histories: Any, task: RankingTask) -> float:
    """Returns what a ranker reaches with the weighted histories of a task's users."""
    if not len(task.users):
        return 0.0
    return ranking_metrics(ranker.scores(histories), task).metrics[_PRIMARY]
