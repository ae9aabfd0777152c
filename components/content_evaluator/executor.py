"""The work of `ContentEvaluator`."""

import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.trainer.executor import given
from components.verdict import Outcome
from schemas import TesseraError
from trainer.ablation import WHOLE
from trainer.ablation.figures import ablation_figures
from trainer.cold_items import SHOWN
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
        data, seed = of_training.data(), of_training.seed
        run = Path(artifact_utils.get_single_uri(input_dict["model_run"]))
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
        weights = Path(artifact_utils.get_single_uri(input_dict["weights"]))
        figures = ablation_figures(data, seed, weights)
        draw = Draw(**json.loads(exec_properties["draw"]))
        if draw.share:
            try:
                cold = cold_figures(data, seed, weights, summary, draw)
            except TesseraError as error:  # no fault of the first training
                cold = {"skipped": error.line}
            figures = joined(figures, cold)
        Outcome(True, [], figures).save(
            artifact_utils.get_single_uri(output_dict["verdict"]), "ContentEvaluator")


def joined(figures: dict[str, Any], cold: dict[str, Any]) -> dict[str, Any]:
    """Adds the figures of cold items; those without a modality are beside the warm ones.

    Args:
      figures: See `ablation_figures`.
      cold: See `cold_figures`.
    """
    kept = {name: value for name, value in cold.items() if name != "ablation"}
    without = figures["ablation"]
    if cold.get("ablation") and WHOLE in without:
        of_cold = {WHOLE: cold} | cold["ablation"]
        without = {name: found | {f"cold_{one}": of_cold[name][one] for one in SHOWN}
                   for name, found in without.items()}
    return figures | {"ablation": without, "cold_items": kept}
