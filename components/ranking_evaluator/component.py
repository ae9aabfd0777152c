"""The component that ranks the whole catalogue for every test user."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel
from tfx.utils import path_utils

from components.artifacts import Scores, Verdict
from components.code_digest import code_digest
from components.ranking_evaluator.baselines import fit_baselines
from components.ranking_evaluator.groups import by_gap, large_enough
from components.ranking_evaluator.interactions import (
    SPLITS,
    Interactions,
    Judged,
    read_interactions,
)
from components.ranking_evaluator.limits import Comparison, Limits, reasons
from components.ranking_evaluator.model import open_earlier, open_scorer
from components.ranking_evaluator.slices import prediction_figures, ranking_slices
from components.ranking_evaluator.unseen import unseen_figures, unseen_task
from components.ranking_evaluator.values import value_figures, value_reasons
from components.verdict import Outcome
from schemas import FeatureSpec, InputError, parse_spec
from trainer.closed_form.one_thread import threads
from trainer.evaluation.ranking import (
    PRIMARY,
    RankingResult,
    RankingTask,
    Scorer,
    paired_bootstrap,
    rank,
)
from trainer.evaluation.ranking_lists import list_metrics

log = logging.getLogger("tessera.ranking_evaluator")
_FLOOR = "popularity"
_MOST_USERS = 10_000  # Of more users of the test split as many are drawn.


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
            artifact_utils.get_split_uri(input_dict["users"], "all")
            if input_dict.get("users") else None,
        )
        written, last = input_dict.get("scores"), input_dict.get("last_blessed")
        outcome = evaluate(
            artifact_utils.get_single_uri(written) if written
            else path_utils.serving_model_path(model.uri), interactions,
            Limits(**json.loads(exec_properties["limits"])),
            {name: Judged(*task) for name, task in json.loads(exec_properties["tasks"]).items()},
            path_utils.serving_model_path(artifact_utils.get_single_uri(last)) if last else None,
            exec_properties["fewest_users"])
        outcome.save(artifact_utils.get_single_uri(output_dict["verdict"]), "RankingEvaluator")


def evaluate(model_path: str, interactions: Interactions, limits: Limits,
             tasks: Mapping[str, Judged] | None = None, last_path: str | None = None,
             fewest_users: int = 1) -> Outcome:
    """Compares a model's ranking and values of the test split with the baselines'.

    Args:
      model_path: Folder of the SavedModel, or of its written scores.
      interactions: All events.
      limits: What the ranking must reach.
      tasks: What each task predicts that predicts a label of an event.
      last_path: Folder of the last blessed SavedModel, if there is one.
      fewest_users: Fewest users of a group whose figures are shown; see `groups.large_enough`.

    Returns:
      Passed when the model keeps the limits. The figures are `test` (its events, the shares of new
      items and users among them, and the candidates of the ranking), `baselines`, `unseen` (items
      without an event before test), `predictions` and `biases` (see the modules `slices` and
      `values`), `paired` (model minus baseline in NDCG@10, over the same users),
      `versus_best_baseline` (that of the baseline of the highest NDCG@10), `slices` (see the module
      `slices`), `fewest_users` of a group, `versus_last_blessed` (the model less the last blessed
      one, or why that was `skipped`), `comparisons` (with that and with the best baseline, in
      words), and those of `_figures`.
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
    try:
        scorer = open_scorer(model_path, interactions)
        model = rank(scorer, task)
        of_unseen = unseen_figures(scorer, unseen_task(interactions))
        predicted = scorer.predictions(interactions.test_examples) if tasks else {}
    except Exception as error:
        reason = f"The model could not rank the test users: {error}"
        return Outcome(False, [reason], {"test": of_test, "baselines": baselines})
    paired = {name: paired_bootstrap(model.ndcg, result.ndcg) for name, result in results.items()}
    name = max(results, key=lambda name: results[name].metrics[PRIMARY])
    best = Comparison(name, f"the best baseline ({name})", model.metrics[PRIMARY],
                      results[name].metrics[PRIMARY], paired[name])
    figures: dict[str, Any] = {
        "test": of_test, "baselines": baselines, "unseen": of_unseen,
        "predictions": prediction_figures(predicted, interactions, tasks or {}, fewest_users),
        "biases": value_figures(predicted, interactions, tasks or {}),
        "paired": {name: asdict(difference) for name, difference in paired.items()},
        "versus_best_baseline": best.figures,
        "slices": ranking_slices(interactions, task, model, results[best.name], fewest_users),
        "fewest_users": fewest_users,
        **_figures(scorer, model, results, interactions, task, fewest_users)}
    last, of_last = _last_blessed(last_path, interactions, task, model)
    figures |= of_last | {"comparisons": [str(one) for one in (best, last) if one is not None]}
    for sentence in figures["comparisons"]:
        log.info("RankingEvaluator: %s", sentence)
    missed = [*reasons(limits, results[_FLOOR].metrics, model.metrics, best, last),
              *value_reasons(figures["biases"], limits.value_loss, limits.ranked_users)]
    return Outcome(not missed, missed, figures, of_users={PRIMARY: model.ndcg.tolist()})


def _figures(scorer: Scorer, model: RankingResult, results: dict[str, RankingResult],
             interactions: Interactions, task: RankingTask, fewest_users: int) -> dict[str, Any]:
    """Gathers the figures of the model's ranking.

    Args:
      scorer: The model.
      model: Its ranking of the task.
      results: The baselines' rankings of it.
      interactions: All events.
      task: Who is ranked.
      fewest_users: Fewest users of a group.

    Returns:
      `ranking` (the model's metrics), `intervals` (of their means), `threads` of large linear
      algebra and, where the data has times, `ranking_untied` (the model's, over users whose test
      starts strictly later than what is known of them) and `ndcg_by_gap`.
    """
    past = interactions.before("test").matrix(relevant_only=False)
    figures: dict[str, Any] = {
        "ranking": model.metrics | list_metrics(model.top, past),
        "intervals": model.intervals(),
        "threads": threads(),
    }
    if interactions.timed:
        gaps = interactions.gaps(task.users)
        figures["ranking_untied"] = _untied(scorer, task, gaps)
        figures["ndcg_by_gap"] = {
            name: {who: float(result.ndcg[rows].mean())
                   for who, result in ({"model": model} | results).items()}
            | {"users": int(rows.sum())}
            for name, rows in large_enough(by_gap(gaps), task.users, fewest_users).items()}
    return figures


def _last_blessed(path: str | None, interactions: Interactions, task: RankingTask,
                  model: RankingResult) -> tuple[Comparison | None, dict[str, Any]]:
    """Ranks by the last blessed model; one that cannot rank these data is no reason to refuse."""
    if path is None:
        return None, {}
    try:
        ranked = rank(open_earlier(path, interactions), task)
    except Exception as error:
        reason = f"The last blessed model could not rank the test users: {error}"
        log.warning("RankingEvaluator: %s", reason)
        return None, {"versus_last_blessed": {"skipped": reason}}
    last = Comparison("last_blessed", "the last blessed model", model.metrics[PRIMARY],
                      ranked.metrics[PRIMARY], paired_bootstrap(model.ndcg, ranked.ndcg))
    return last, {"versus_last_blessed": last.figures | ranked.metrics}


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
        if isinstance(baseline, str):
            figures[name] = {"skipped": baseline}
            continue
        results[name] = rank(baseline.scorer, task)
        figures[name] = (
            results[name].metrics
            | list_metrics(results[name].top, known.matrix(relevant_only=False))
            | baseline.search.log(PRIMARY))
    return results, figures


def _untied(scorer: Scorer, task: RankingTask, gaps: np.ndarray) -> dict[str, float] | None:
    # Who has test rows in the second of the last known event may owe the score to the order of
    # ids inside that tie, not to the model.
    later = gaps > 0
    return rank(scorer, task.take(later)).metrics if later.any() else None


class RankingEvaluatorSpec(component_spec.ComponentSpec):
    """Artifacts and parameters of `RankingEvaluator`."""

    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "relevant_label": component_spec.ExecutionParameter(type=str),
        "tasks": component_spec.ExecutionParameter(type=str),
        "limits": component_spec.ExecutionParameter(type=str),
        "fewest_users": component_spec.ExecutionParameter(type=int),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "scores": component_spec.ChannelParameter(type=Scores, optional=True),
        "last_blessed": component_spec.ChannelParameter(
            type=standard_artifacts.Model, optional=True),
        "users": component_spec.ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "items": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "interactions": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=Verdict)}


class RankingEvaluator(base_component.BaseComponent):
    """Scores the model's full ranking against the baselines on the same users."""

    SPEC_CLASS = RankingEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: BaseChannel,
        items: BaseChannel,
        interactions: BaseChannel,
        spec: FeatureSpec,
        relevant_label: str | None,
        limits: Limits,
        tasks: Mapping[str, Judged] | None = None,
        fewest_users: int = 1,
        **inputs: BaseChannel,
    ):
        """Builds the component.

        Args:
          model: The trained model, with the signatures `catalogue` and `rank_examples`.
          items: The raw items table, split `all`.
          interactions: The raw interactions, splits `train`, `validation` and `test`.
          spec: The dataset's spec.
          relevant_label: Name of the binary label that makes an event relevant; every event is,
            where there is none.
          limits: What the ranking must reach.
          tasks: What each task predicts that predicts a label of an event.
          fewest_users: Fewest users of a group whose figures are shown.
          **inputs: `users`, the raw users table, split `all`, for groups of users; `last_blessed`,
            the model to compare with, which may be none; and `scores`, what the model says, written
            by the Trainer, where it is no SavedModel.

        Raises:
          InputError: The dataset has no such label, or it is not binary.
        """
        if relevant_label and not spec.label(relevant_label).binary:
            raise InputError(
                "relevance-not-binary",
                f"Label {relevant_label!r} of dataset {spec.name!r} is not binary, so it cannot "
                "tell which items are relevant. Give a 0/1 label or one with a threshold, "
                "such as 'label:like>=4'."
            )
        super().__init__(RankingEvaluatorSpec(
            model=model, items=items, interactions=interactions,
            **inputs,
            spec=spec.to_json(),
            relevant_label=relevant_label or "",
            tasks=json.dumps(tasks or {}),
            fewest_users=fewest_users,
            limits=json.dumps(asdict(limits), sort_keys=True),
            code_digest=code_digest("components.ranking_evaluator.component"),
            verdict=Channel(type=Verdict),
        ))
