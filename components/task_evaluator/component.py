"""TaskEvaluator: whether a model's predictions of each task are good enough."""

import json
import logging
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifacts import Scores, Verdict
from components.code_digest import code_digest
from components.task_evaluator.metric_failures import metric_failures
from components.task_metrics import (
    add_predicted,
    label_reasons,
    read_label_facts,
    relative_reasons,
    task_metrics,
    unmeasurable,
)
from components.verdict import Outcome
from trainer.evaluation.written_scores import TaskScores, WrittenScores
from trainer.tasks import kind_of
from trainer.tasks.kind import Limit

_log = logging.getLogger("tessera.tasks")
Limits = Mapping[str, Mapping[str, Limit]]


class Executor(base_executor.BaseExecutor):
    """Writes the verdict on the predictions of all tasks."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See `TaskEvaluatorSpec` for the artifacts and parameters."""
        given = {name: artifact_utils.get_single_instance(artifacts)
                 for name, artifacts in input_dict.items() if artifacts}
        facts = read_label_facts(given["model_run"].uri)
        tasks: dict[str, Any] = {}
        outcome = Outcome(True)
        if "scores" in given:
            written = WrittenScores.load(Path(given["scores"].uri)).tasks
            outcome = judge(written, read_limits(exec_properties["limits"]))
            tasks |= outcome.figures["tasks"]
        elif "evaluation_metrics" in given:
            tasks |= task_metrics(given["evaluation_metrics"].uri)
        reasons = list(outcome.reasons)
        blessing = given.get("evaluation")  # TFX blesses nothing without a threshold
        if blessing is not None and blessing.get_int_custom_property("blessed") != 1:
            reasons += evaluator_reasons(given["evaluation_metrics"].uri, unmeasurable(facts))
        ranking = Outcome.load(given["ranking"].uri)
        add_predicted(tasks, ranking.figures.get("predictions", {}))
        reasons += relative_reasons(tasks, facts, exec_properties["max_error_ratio"])
        reasons += label_reasons(tasks, facts, read_limits(exec_properties["label_limits"]))
        Outcome(not reasons, reasons, outcome.figures).save(
            artifact_utils.get_single_uri(output_dict["verdict"]), "TaskEvaluator")


def judge(tasks: dict[str, TaskScores], limits: Limits) -> Outcome:
    """Measures the written predictions of every task, and holds them against their limits.

    Args:
      tasks: Labels and predictions by task.
      limits: By task and metric; of one that labels of one value do not have nothing is asked.

    Returns:
      The outcome; its figure `tasks` has each task's metrics, named as the Evaluator's.
    """
    figures = {name: measured(task) for name, task in tasks.items()}
    reasons = []
    for name, task in tasks.items():
        one_value = len(task.labels) and (task.labels == task.labels[0]).all()
        absent = {metric.key for metric in kind_of(task.head).metrics
                  if metric.of_pairs and one_value}
        for key, limit in limits.get(name, {}).items():
            value = figures[name].get(key, math.nan)
            if key not in absent and (missed := limit.missed(value)):
                reasons.append(f"{name}, metric {key} {value:.4g} is {missed}")
    return Outcome(not reasons, reasons, {"tasks": figures})


def measured(task: TaskScores) -> dict[str, float]:
    """Returns the metrics of one task; NaN where its rows do not suffice."""
    return kind_of(task.head).measured(task.labels, task.predictions)


def evaluator_reasons(uri: str, unmeasurable: Collection[tuple[str, str]] = ()) -> list[str]:
    """Returns why TFX's Evaluator did not bless the model.

    Args:
      uri: Folder of its `ModelEvaluation`.
      unmeasurable: Tasks and metrics of which nothing can be asked.

    Returns:
      One sentence for each failed metric; a general one where they cannot be read.
    """
    try:
        failures = metric_failures(uri)
    except Exception as error:  # Any failure to read costs the detail, never the verdict.
        _log.warning("The Evaluator's validation result in %s is unreadable: %s", uri, error)
        failures = []
    if not failures:
        return [f"TFX's Evaluator did not bless the model, see {uri}"]
    return [failure.text for failure in failures
            if failure.refuses and (failure.task, failure.metric) not in unmeasurable]


def written_limits(limits: Limits) -> str:
    """Returns limits by task and metric as a parameter of the component."""
    return json.dumps(limits, sort_keys=True)


def read_limits(written: str) -> dict[str, dict[str, Limit]]:
    """Returns what `written_limits` wrote."""
    return {name: {key: Limit(*limit) for key, limit in of.items()}
            for name, of in json.loads(written).items()}


class TaskEvaluatorSpec(ComponentSpec):
    """Artifacts and parameters of `TaskEvaluator`."""

    INPUTS = {
        "model_run": ChannelParameter(type=standard_artifacts.ModelRun),
        "ranking": ChannelParameter(type=Verdict),
        "scores": ChannelParameter(type=Scores, optional=True),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelBlessing, optional=True),
        "evaluation_metrics": ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True),
    }
    OUTPUTS = {"verdict": ChannelParameter(type=Verdict)}
    PARAMETERS = {
        "limits": ExecutionParameter(type=str),
        "label_limits": ExecutionParameter(type=str),
        "max_error_ratio": ExecutionParameter(type=float),
        "code_digest": ExecutionParameter(type=str),
    }


class TaskEvaluator(base_component.BaseComponent):
    """Judges predictions by what TFX's Evaluator measured, or by those that a model wrote.

    The verdict holds them against the limits of the tasks, and against what predicts the mean or
    the base rate.
    """

    SPEC_CLASS = TaskEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model_run: BaseChannel,
        ranking: BaseChannel,
        max_error_ratio: float,
        limits: Limits,
        label_limits: Limits,
        **inputs: BaseChannel,
    ) -> None:
        """Builds the component.

        Args:
          model_run: The `ModelRun` of the Trainer, with the facts about the labels.
          ranking: The RankingEvaluator's `Verdict`, with figures of what TFX has no metric for.
          max_error_ratio: Largest error of a task, as a share of what a trivial predictor
            reaches.
          limits: By task and metric, what it must keep; TFX's Evaluator has them of its own.
          label_limits: By task and metric, what the mean over the task's labels must keep.
          **inputs: Of TFX's Evaluator `evaluation_metrics` (`ModelEvaluation`) and, if it has
            thresholds, `evaluation` (`ModelBlessing`); in their place `scores` of a model that
            writes them (`Scores`).
        """
        super().__init__(TaskEvaluatorSpec(
            model_run=model_run, ranking=ranking, **inputs, max_error_ratio=float(max_error_ratio),
            limits=written_limits(limits), label_limits=written_limits(label_limits),
            verdict=Channel(type=Verdict),
            code_digest=code_digest("components.task_evaluator.component"),
        ))
