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
from trainer.closed_form.search import TUNING_USERS, Parameters, search
from trainer.evaluation.ranking import PRIMARY, RankingTask, ranking_metrics
from trainer.late_fusion.content import ContentMap, ItemContent
from trainer.late_fusion.linear import NEVER_FADES, LinearRanker, weighted_history
from trainer.late_fusion.member import Member, members
from trainer.late_fusion.new_items import NewItems, fit_new_items
from trainer.late_fusion.weights import fit_weights, sampled, standardised, weighted_sum

log = logging.getLogger("tessera.trainer")

NETWORK = "network"
_HORIZONS = (15.0, 60.0, NEVER_FADES)
_SHORTER, _SHORTEST = 4.0, 1.0  # Of a horizon to the next one, and the last that is shortened.
_CONTENT, _NEW_CONTENT = "content.npz", "new_content.npz"
_FUSION, _RANKERS = "fusion.json", "rankers"


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
      new_content: Makes that which an item without an event is ranked by.
      log: What was tried, and what it reached on validation.
    """

    rankers: dict[str, LinearRanker]
    relevant_only: frozenset[str]
    horizon: float
    weights: dict[str, float]
    new_item_weights: dict[str, float]
    content: ContentMap
    new_content: ContentMap
    log: dict[str, Any]

    def refitted(self, events: Events, contents: Sequence[ItemContent],
                 seed: int) -> "LateFusion":
        """Returns the rankers fitted on other events, with what was chosen on validation before.

        How new items are ranked is found afresh, for the events of before may be about them.

        Args:
          events: What to learn from.
          contents: The content of all items, of `content` first, then a wider one that new items
            may be ranked by.
          seed: Seed of all draws.
        """
        chosen = [Member(name, self.log[name]["kind"], name in self.relevant_only,
                         self.log[name]["parameters"]) for name in self.rankers]
        rankers, of_new = _fit_for_all(chosen, events, contents, self.horizon, seed)
        return replace(self, rankers=rankers, new_content=contents[of_new.content].map,
                       new_item_weights=of_new.weights or dict(self.weights))

    def save(self, folder: Path) -> None:
        """Writes the fusion into a folder."""
        (folder / _RANKERS).mkdir(parents=True, exist_ok=True)
        for name, ranker in self.rankers.items():
            ranker.save(folder / _RANKERS / f"{name}.npz")
        self.content.save(folder / _CONTENT)
        if self.new_content is not self.content:
            self.new_content.save(folder / _NEW_CONTENT)
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
        content, of_new = ContentMap.load(folder / _CONTENT), folder / _NEW_CONTENT
        return LateFusion(
            rankers, frozenset(written["relevant_only"]), written["horizon"], written["weights"],
            written["new_item_weights"], content,
            ContentMap.load(of_new) if of_new.exists() else content, written["log"])


def fit_late_fusion(
    names: Sequence[str], train: Events, known: Events, task: RankingTask,
    contents: Sequence[ItemContent], network_scores: Callable[[RankingTask], np.ndarray] | None,
    has_relevance: bool, seed: int,
) -> LateFusion:
    """Tunes the rankers on validation, weighs them and the network there, and fits them afresh.

    Args:
      names: Names of `RANKER_KINDS`.
      train: Events of the train split.
      known: Events of train and validation.
      task: The ranking of the validation split.
      contents: The content of all items, then a wider one that new items may be ranked by.
      network_scores: Returns the network's scores of a task's users, `(q, items)`; `None` where
        there is no network.
      has_relevance: See `members`.
      seed: Seed of all draws.

    Raises:
      InputError: No ranker can be fitted.
    """
    vectors = [one.vectors for one in contents]
    chosen = members(names, train, vectors[0], has_relevance)
    if not chosen:
        raise InputError(
            "no-ranker", f"None of the rankers {', '.join(names)} can be fitted: each needs a "
            "modality of the items, and there is none. Name others.")
    some = sampled(task, 1).sample(TUNING_USERS)
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
    rankers, of_new = _fit_for_all(tuned, known, contents, horizon, seed)
    return LateFusion(
        rankers, frozenset(one.name for one in tuned if one.relevant_only), horizon,
        weights, of_new.weights or dict(weights), contents[0].map, contents[of_new.content].map,
        tried)


def _tuned(member: Member, train: Events, vectors: Sequence[np.ndarray], horizon: float,
           task: RankingTask) -> tuple[Member, dict[str, Any]]:
    """Returns a ranker with its best parameters, and what was tried, for the log."""
    histories = weighted_history(train, member.relevant_only, horizon)[task.users]

    def reached(parameters: Parameters) -> float:
        ranker = replace(member, parameters=parameters).fit(train, vectors, horizon)
        return _reached(ranker, histories, task)

    result = search(member.kind.axes, reached)
    return replace(member, parameters=result.best), {
        "kind": member.kind_name, PRIMARY: result.score, **result.log(PRIMARY)}


def _fit_for_all(tuned: Sequence[Member], events: Events, contents: Sequence[ItemContent],
                 horizon: float, seed: int) -> tuple[dict[str, LinearRanker], NewItems]:
    """Returns the rankers, fitted for items without an event, too, and how these are ranked."""
    vectors = [one.vectors for one in contents]
    of_new = fit_new_items(tuned, events, vectors, horizon, seed)
    return {one.name: one.fit(events, vectors, horizon).with_new_items(
        vectors[of_new.content], events.item_counts(one.relevant_only), of_new.content_penalty)
        for one in tuned}, of_new


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
    figures = {PRIMARY: without.metrics[PRIMARY]}
    if own is None:
        return [*alone.tolist(), 0.0], figures
    together = fit_weights([*scores, own], task, seed)
    gain = ranking_metrics(weighted_sum(together, [*scores, own]), task).ndcg - without.ndcg
    error = float(gain.std() / np.sqrt(len(gain)))
    figures |= {f"network_{PRIMARY}": ranking_metrics(own, task).metrics[PRIMARY],
                "network_gain": float(gain.mean()), "network_gain_se": error}
    if gain.mean() <= error:
        return [*alone.tolist(), 0.0], figures
    return together.tolist(), figures


def _best_horizon(chosen: Sequence[Member], train: Events, vectors: Sequence[np.ndarray],
                  task: RankingTask) -> tuple[float, Mapping[str, float]]:
    """Returns the horizon that is best for all rankers together: one alone follows chance.

    Shorter ones are tried while the shortest is the best.
    """
    if not train.timed or not len(task.users):
        return NEVER_FADES, {}
    fitted: dict[str, LinearRanker] = {}

    def reached(horizon: float) -> float:
        figures = []
        for one in chosen:
            ranker = fitted.get(one.name) or one.fit(train, vectors, horizon)
            if not one.kind.fades:
                fitted[one.name] = ranker
            histories = weighted_history(train, one.relevant_only, horizon)[task.users]
            figures.append(_reached(ranker, histories, task))
        return float(np.mean(figures))

    means = {horizon: reached(horizon) for horizon in _HORIZONS}
    best = max(means, key=lambda h: means[h])
    while best == min(means) and best > _SHORTEST:
        means[best / _SHORTER] = reached(best / _SHORTER)
        best = max(means, key=lambda h: means[h])
    return best, {f"{h:g}": v for h, v in means.items()}


def _reached(ranker: LinearRanker, histories: Any, task: RankingTask) -> float:
    """Returns what a ranker reaches with the weighted histories of a task's users."""
    if not len(task.users):
        return 0.0
    return ranking_metrics(ranker.scores(histories), task).metrics[PRIMARY]
