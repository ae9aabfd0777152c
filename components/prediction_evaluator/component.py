"""The component that judges a model's written predictions on the test split."""

from pathlib import Path

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec
from tfx.types.channel import BaseChannel, Channel

from components.artifacts import Scores, Verdict
from components.code_digest import code_digest
from components.verdict import Outcome
from trainer.evaluation.written_scores import TaskScores, WrittenScores
from trainer.tasks import TASK_KINDS


class Executor(base_executor.BaseExecutor):
    """Writes the verdict of the written predictions."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See `PredictionEvaluatorSpec` for the artifacts and parameters."""
        scores = WrittenScores.load(Path(artifact_utils.get_single_uri(input_dict["scores"])))
        outcome = judge(scores.tasks, exec_properties["min_auc"])
        outcome.save(artifact_utils.get_single_uri(output_dict["verdict"]), "PredictionEvaluator")


def judge(tasks: dict[str, TaskScores], min_auc: float) -> Outcome:
    """Measures every task, and asks for areas under curves; `Gate` compares errors.

    Args:
      tasks: Labels and predictions by task.
      min_auc: Smallest area under the curve; nothing is asked of labels of one value.

    Returns:
      The outcome; its figure `tasks` has each task's metrics, named as the Evaluator's.
    """
    figures = {name: measured(task) for name, task in tasks.items()}
    reasons = []
    for name, metrics in figures.items():
        labels = tasks[name].labels
        one_value = len(labels) and (labels == labels[0]).all()
        # Written so that a NaN, of no rows, does not pass.
        if "auc" in metrics and not one_value and not metrics["auc"] >= min_auc:
            reasons.append(f"{name}, metric auc {metrics['auc']:.4g} is below {min_auc:.4g}")
    return Outcome(not reasons, reasons, {"tasks": figures})


def measured(task: TaskScores) -> dict[str, float]:
    """Returns the metrics of one task; NaN where its rows do not suffice."""
    return TASK_KINDS[task.head].measured(task.labels, task.predictions)


class PredictionEvaluatorSpec(component_spec.ComponentSpec):
    """Artifacts and parameters of `PredictionEvaluator`."""

    PARAMETERS = {
        "min_auc": component_spec.ExecutionParameter(type=float),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {"scores": component_spec.ChannelParameter(type=Scores)}
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=Verdict)}


class PredictionEvaluator(base_component.BaseComponent):
    """What TFX's Evaluator is for a SavedModel, for one that is none."""

    SPEC_CLASS = PredictionEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, scores: BaseChannel, min_auc: float):
        """Builds the component.

        Args:
          scores: The `Scores` that the Trainer wrote.
          min_auc: Smallest area under the curve of a binary task.
        """
        super().__init__(PredictionEvaluatorSpec(
            scores=scores, min_auc=float(min_auc),
            verdict=Channel(type=Verdict),
            code_digest=code_digest("components.prediction_evaluator.component"),
        ))
