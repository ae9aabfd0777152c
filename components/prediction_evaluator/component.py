"""The component that judges a model's written predictions on the test split."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec
from tfx.types.channel import BaseChannel, Channel

from components.artifacts import Scores, Verdict
from components.code_digest import code_digest
from components.prediction_evaluator.executor import Executor


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
            code_digest=code_digest("components.prediction_evaluator.executor"),
        ))
