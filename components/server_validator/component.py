"""The TFX component `ServerValidator`: does a real server give the trained model's predictions?"""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import Predictions, Verdict
from components.code_digest import code_digest
from components.server_validator import executor


class ServerValidatorSpec(types.ComponentSpec):
    """Inputs, outputs and parameters of `ServerValidator`."""

    PARAMETERS = {
        "code_digest": ExecutionParameter(type=str),
        "min_requests": ExecutionParameter(type=int),
        "max_p99_ms": ExecutionParameter(type=float),
    }
    INPUTS = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "predictions": ChannelParameter(type=Predictions),
    }
    OUTPUTS = {"verdict": ChannelParameter(type=Verdict)}


class ServerValidator(base_component.BaseComponent):
    """Serves a model, asks what was asked of it in training, and compares responses and latency.

    Args:
      model: Channel of the exported `Model`.
      predictions: Channel of the `Predictions` that the trained model gave before export.
      min_requests: How many requests must be answered; the recorded ones are sent again until then.
      max_p99_ms: The largest 99th percentile of the latency, in milliseconds.
    """

    SPEC_CLASS = ServerValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        predictions: types.BaseChannel,
        min_requests: int,
        max_p99_ms: float,
    ) -> None:
        super().__init__(
            ServerValidatorSpec(
                model=model,
                predictions=predictions,
                min_requests=min_requests,
                max_p99_ms=float(max_p99_ms),
                verdict=types.Channel(type=Verdict),
                code_digest=code_digest("components.server_validator.executor"),
            )
        )
