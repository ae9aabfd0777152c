"""The component that judges a model's written predictions on the test split."""

import math
from collections.abc import Mapping
from pathlib import Path

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec
from tfx.types.channel import BaseChannel, Channel

from components.artifacts import Scores, Verdict
from components.code_digest import code_digest
from components.task_metrics import read_limits, written_limits
from components.verdict import Outcome
from trainer.evaluation.written_scores import TaskScores, WrittenScores
from trainer.tasks import kind_of
from trainer.tasks.kind import Limit


class Executor(base_executor.BaseExecutor):
    """Writes the verdict of the written predictions."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See `PredictionEvaluatorSpec` for the artifacts and parameters."""
        scores = WrittenScores.load(Path(artifact_utils.get_single_uri(input_dict["scores"])))
        outcome = judge(scores.tasks, read_limits(exec_properties["limits"]))
        outcome.save(artifact_utils.get_single_uri(output_dict["verdict"]), "PredictionEvaluator")


def judge(tasks: dict[str, TaskScores], limits: Mapping[str, Mapping[str, Limit]]) -> Outcome:
    """Measures every task, and holds it against its limits; `Gate` compares errors.

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


class PredictionEvaluatorSpec(component_spec.ComponentSpec):
    """Artifacts and parameters of `PredictionEvaluator`."""

    PARAMETERS = {
        "limits": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {"scores": component_spec.ChannelParameter(type=Scores)}
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=Verdict)}


class PredictionEvaluator(base_component.BaseComponent):
    """What TFX's Evaluator is for a SavedModel, for one that is none."""

    SPEC_CLASS = PredictionEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, scores: BaseChannel, limits: Mapping[str, Mapping[str, Limit]]):
        """Builds the component.

        Args:
          scores: The `Scores` that the Trainer wrote.
          limits: By task and metric, what it must keep.
        """
        super().__init__(PredictionEvaluatorSpec(
            scores=scores, limits=written_limits(limits),
            verdict=Channel(type=Verdict),
            code_digest=code_digest("components.prediction_evaluator.component"),
        ))
