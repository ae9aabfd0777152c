"""The TFX component `ServerValidator`: does a real server give the trained model's predictions?"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact, artifact_utils, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import io_utils, path_utils

from components.artifacts import Predictions, Verdict
from components.code_digest import code_digest
from components.server_validator import validation
from components.server_validator.validation import load_predictions, validate_predictions
from components.verdict import Outcome
from schemas.errors import TesseraError, access_fault, disk_fault, memory_fault
from serving.client import Client
from serving.launch import running_server


class Executor(base_executor.BaseExecutor):
    """Runs `validate_model` on the artifacts."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Serves the model and writes the verdict."""
        outcome = validate_model(
            artifact_utils.get_single_uri(input_dict["model"]),
            artifact_utils.get_single_uri(input_dict["predictions"]),
            exec_properties["min_requests"],
            exec_properties["max_p99_ms"],
        )
        replace(outcome, figures={"serving": outcome.figures}).save(
            artifact_utils.get_single_uri(output_dict["verdict"]), "ServerValidator")


def validate_model(
    model_uri: str, predictions_uri: str, min_requests: int, max_p99_ms: float
) -> Outcome:
    """Serves a model and compares its responses with the recorded ones.

    Args:
      model_uri: Folder of a `Model` artifact.
      predictions_uri: Folder of a `Predictions` artifact.
      min_requests: How many requests must be answered.
      max_p99_ms: The largest 99th percentile of the latency, in milliseconds.

    Returns:
      The outcome; a model that cannot be served is a failed one, never an exception.

    Raises:
      TesseraError, OSError: The disk is full.
    """
    try:
        predictions = load_predictions(predictions_uri)
    except TesseraError as error:
        return Outcome(passed=False, reasons=[f"There is nothing to compare with: {error}"])
    try:
        with tempfile.TemporaryDirectory(prefix="tessera-validator-") as folder:
            base_path = Path(folder) / "tessera"
            base_path.mkdir()
            io_utils.copy_dir(path_utils.serving_model_path(model_uri), str(base_path / "1"))
            with (running_server(base_path) as address, Client(*address) as client,
                  validation.quiet()):
                # Asked here so that no request is slower by it.
                unasked = sorted(set(client.signatures) - {one.signature for one in predictions})
                outcome = validate_predictions(
                    client.predict, predictions, min_requests, max_p99_ms)
                return outcome if not unasked else replace(outcome, passed=False, reasons=[
                    f"No response was recorded of {', '.join(unasked)}.", *outcome.reasons])
    except (TesseraError, OSError) as error:
        # No fault of the model: a verdict would stay in the cache.
        if disk_fault(error) or access_fault(error) or memory_fault(error):
            raise
        return Outcome(passed=False, reasons=[f"The model could not be served: {error}"])


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
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

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
                code_digest=code_digest("components.server_validator.component"),
            )
        )
