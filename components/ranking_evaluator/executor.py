"""Ranks the catalogue for every test user and holds the model against the baselines."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.ranking_evaluator.baselines import fit_baselines
from components.ranking_evaluator.interactions import SPLITS, Interactions, read_interactions
from components.ranking_evaluator.model import open_scorer
from components.ranking_evaluator.unseen import unseen_figures, unseen_task
from components.ranking_evaluator.values import value_figures
from components.verdict import Outcome
from schemas import parse_spec
from trainer.evaluation.ranking import RankingResult, RankingTask, Scorer, paired_bootstrap, rank
from trainer.evaluation.ranking_lists import list_metrics

log = logging.getLogger("tessera.ranking_evaluator")
_FLOOR = "popularity"
_PRIMARY = "ndcg@10"
_MOST_USERS = 10_000  # Of more users of the test split as many are drawn.
# Seconds between a user's last known and first test event, each slice up to and with its bound.
_GAPS = {"same second": 0, "10 minutes": 600, "1 day": 86_400, "longer": np.inf}


class Executor(base_executor.BaseExecutor):
    """Writes the verdict of full-catalogue ranking."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See `RankingEvaluatorSpec` for the artifacts and parameters."""
        model = artifact_utils.get_single_instance(input_dict["model"])
        interactions = read_interactions(
            {s: artifact_utils.get_split_uri(input_dict["interactions"], s) for s in SPLITS},
            artifact_utils.get_split_uri(input_dict["items"], "all"),
            parse_spec(**json.loads(exec_properties["spec"])),
            exec_properties["relevant_label"] or None,
        )
        written = input_dict.get("scores")
        outcome = evaluate(
            artifact_utils.get_single_uri(written) if written
            else path_utils.serving_model_path(model.uri), interactions,
            json.loads(exec_properties["tasks"]), exec_properties.get("smallest_difference"))
        outcome.save(artifact_utils.get_single_uri(output_dict["verdict"]), "RankingEvaluator")


def evaluate(model_path: str, interactions: Interactions, tasks: Mapping[str, str] | None = None,
             smallest_difference: float | None = None) -> Outcome:
    """Compares a model's ranking and values of the test split with the baselines'.

    Args:
      model_path: Folder of the SavedModel, or of its written scores.
      interactions: All events.
      tasks: Label of each task that predicts a number of an event.
      smallest_difference: How far below the best baseline the model may be: a bound of the lower
        end of the paired 95 % interval of NDCG@10; `None` asks for nothing.

    Returns:
      Passed when the model's NDCG@10 is not below popularity's, nor too far below the best
      baseline's. The figures are `test` (its events, the shares of new items and users among them,
      and the candidates of the ranking), `ranking` (the model's metrics), `intervals` (of their
      means), `unseen` (items without an event before test, see
      `components.ranking_evaluator.unseen`), `baselines`, `paired` (model minus baseline in
      NDCG@10, over the same users), `versus_best_baseline` (that of the baseline of the highest
      NDCG@10), `biases` (see `components.ranking_evaluator.values`) and, where the data has times,
      `ranking_untied` (the model's, over users whose test starts strictly later than what is known
      of them) and `ndcg_by_gap`.
    """
    task = interactions.task("test").sample(_MOST_USERS)
    of_test = interactions.of_test() | {"candidates": int(task.candidates.sum())}
    if not len(task.users):
        rows = len(interactions.test_examples)
        reason = (
            f"No user can be ranked: none of the {rows} test rows is relevant and of an item seen "
            "before that its user has not met. Check the split and the label that makes an event "
            "relevant."
        )
        return Outcome(False, [reason], {"test": of_test})
    results, baselines = _baselines(interactions, task)
    met = interactions.before("test").matrix(relevant_only=False)
    try:
        scorer = open_scorer(model_path, interactions)
        model = rank(scorer, task)
        of_unseen = unseen_figures(scorer, unseen_task(interactions))
        of_biases = value_figures(scorer, interactions, tasks or {})
    except Exception as error:
        reason = f"The model could not rank the test users: {error}"
        return Outcome(False, [reason], {"test": of_test, "baselines": baselines})
    paired = {name: paired_bootstrap(model.ndcg, result.ndcg) for name, result in results.items()}
    best = max(results, key=lambda name: results[name].metrics[_PRIMARY])
    figures: dict[str, Any] = {
        "test": of_test,
        "ranking": model.metrics | list_metrics(model.top, met),
        "intervals": model.intervals(),
        "unseen": of_unseen,
        "baselines": baselines,
        "paired": {name: asdict(difference) for name, difference in paired.items()},
        "versus_best_baseline": {
            "name": best, "difference": paired[best].mean, "low": paired[best].low,
            "high": paired[best].high, "p": paired[best].p_value},
        "biases": of_biases,
    }
    if interactions.timed:
        gaps = interactions.gaps(task.users)
        figures["ranking_untied"] = _untied(scorer, task, gaps)
        figures["ndcg_by_gap"] = _by_gap({"model": model} | results, gaps)
    reasons = _reasons(model, results, figures["versus_best_baseline"], smallest_difference)
    return Outcome(not reasons, reasons, figures)


def _reasons(model: RankingResult, results: dict[str, RankingResult], versus: dict[str, Any],
             smallest_difference: float | None) -> list[str]:
    reached, floor = model.metrics[_PRIMARY], results[_FLOOR].metrics[_PRIMARY]
    log.info("RankingEvaluator: NDCG@10 %.4f, the popularity baseline's %.4f", reached, floor)
    reasons = [] if reached >= floor else [
        f"NDCG@10 {reached:.3f} is below the popularity baseline's {floor:.3f}"
    ]
    if smallest_difference is not None and not versus["low"] > smallest_difference:
        best = results[versus["name"]].metrics[_PRIMARY]
        reasons.append(
            f"NDCG@10 is {reached:.4f}, the best baseline's ({versus['name']}) {best:.4f}: the "
            f"difference of {versus['difference']:+.4f} has a 95 % interval from "
            f"{versus['low']:+.4f} to {versus['high']:+.4f} over the same users, and its lower "
            f"end must be above {smallest_difference:+.4f}"
        )
    return reasons


def _baselines(
    interactions: Interactions, task: RankingTask
) -> tuple[dict[str, RankingResult], dict[str, Any]]:
    """Returns the results of the baselines that ran, and the figures of all."""
    results: dict[str, RankingResult] = {}
    figures: dict[str, Any] = {}
    known = interactions.before("test")
    fitted = fit_baselines(
        interactions.before("validation"), interactions.task("validation"), known)
    for name, baseline in fitted:
        if baseline.scorer is None:
            figures[name] = {"skipped": baseline.skipped}
            continue
        results[name] = rank(baseline.scorer, task)
        figures[name] = (
            results[name].metrics
            | list_metrics(results[name].top, known.matrix(relevant_only=False))
            | {"parameters": baseline.parameters, "at_bound": list(baseline.at_bound)})
    return results, figures


def _untied(scorer: Scorer, task: RankingTask, gaps: np.ndarray) -> dict[str, float] | None:
    # Who has test rows in the second of the last known event may owe the score to the order of
    # ids inside that tie, not to the model.
    later = gaps > 0
    return rank(scorer, task.take(later)).metrics if later.any() else None


def _by_gap(results: dict[str, RankingResult], gaps: np.ndarray) -> dict[str, dict[str, float]]:
    """Returns NDCG@10 of each ranker by how long after the last known event the test starts."""
    found: dict[str, dict[str, float]] = {}
    low = -np.inf
    for name, high in _GAPS.items():
        rows = (gaps > low) & (gaps <= high)
        low = high
        if rows.any():
            found[name] = {ranker: float(r.ndcg[rows].mean()) for ranker, r in results.items()}
            found[name]["users"] = int(rows.sum())
    return found
