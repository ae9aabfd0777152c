"""The work of `ContentEvaluator`."""

import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.trainer.executor import given
from components.verdict import Outcome
from schemas import TesseraError
from trainer.cold_items.draw import Draw
from trainer.cold_items.evaluation import cold_figures


class Executor(base_executor.BaseExecutor):
    """Measures what content is worth; nothing here refuses a model."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See `ContentEvaluatorSpec` for the artifacts and parameters."""
        of_training = given(input_dict, exec_properties)
        run = Path(artifact_utils.get_single_uri(input_dict["model_run"]))
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
        weights = Path(artifact_utils.get_single_uri(input_dict["weights"]))
        try:
            cold = cold_figures(of_training.data(), of_training.seed, weights, summary,
                                Draw(**json.loads(exec_properties["draw"])))
        except TesseraError as error:  # a second training that diverged is no fault of the first
            cold = {"skipped": error.line}
        Outcome(True, [], {"cold_items": cold}).save(
            artifact_utils.get_single_uri(output_dict["verdict"]), "ContentEvaluator")
