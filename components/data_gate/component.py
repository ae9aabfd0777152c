"""The `DataGate` component: nothing is trained on data that failed their checks."""

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, channel, component_spec

from components.artifacts import DataReport, Verdict
from components.artifacts import DataVerdict as DataVerdictArtifact
from components.code_digest import code_digest
from components.data_checks import Severity
from components.data_validator.verdict import DataVerdict, sentence
from components.verdict import Outcome
from schemas import DataAnomalyError


class Executor(base_executor.BaseExecutor):
    """Stops the pipeline on bad data; unlike the checks of a model, by an exception."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the verdict on the data; writes `verdict` or raises."""
        uri = artifact_utils.get_single_uri
        verdict = DataVerdict.load(uri(input_dict["data_verdict"]))
        failures = verdict.of(Severity.FAIL)
        if failures:
            page = Path(uri(input_dict["report"])) / "data_report.html"
            raise DataAnomalyError("data-not-trainable", "\n".join([
                "The data must not be trained on:", *(f"- {sentence(one)}" for one in failures),
                f"The data report has more: {page}",
            ]))
        Outcome(True, figures={"data": {
            "verdict": verdict.verdict, "past": verdict.past,
            "warnings": [sentence(one) for one in verdict.of(Severity.WARN)],
        }}).save(uri(output_dict["verdict"]), "DataGate")


class DataGateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `DataGate`."""

    INPUTS = {
        "data_verdict": component_spec.ChannelParameter(type=DataVerdictArtifact),
        "report": component_spec.ChannelParameter(type=DataReport),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=Verdict)}
    PARAMETERS = {"code_digest": component_spec.ExecutionParameter(type=str)}


class DataGate(base_component.BaseComponent):
    """Raises a `DataAnomalyError` where the verdict on the data is FAIL."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, data_verdict: channel.BaseChannel, report: channel.BaseChannel) -> None:
        """Builds the component.

        Args:
          data_verdict: The `DataVerdict` of `DataValidator`.
          report: The `DataReport`, so that it is written before anything stops.
        """
        super().__init__(
            spec=DataGateSpec(
                data_verdict=data_verdict, report=report,
                verdict=channel.Channel(type=Verdict),
                code_digest=code_digest("components.data_gate.component"),
            )
        )
