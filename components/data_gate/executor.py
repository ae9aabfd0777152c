"""Stops a run whose data must not be trained on."""

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

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
        found = DataVerdict.load(uri(input_dict["data_verdict"]))
        failures = found.of(Severity.FAIL)
        if failures:
            page = Path(uri(input_dict["report"])) / "data_report.html"
            raise DataAnomalyError("data-not-trainable", "\n".join([
                "The data must not be trained on:", *(f"- {sentence(one)}" for one in failures),
                f"The data report has more: {page}",
            ]))
        Outcome(True, figures={"data": {
            "verdict": found.verdict, "past": found.past,
            "warnings": [sentence(one) for one in found.of(Severity.WARN)],
        }}).save(uri(output_dict["verdict"]), "DataGate")
