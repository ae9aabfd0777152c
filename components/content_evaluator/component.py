"""ContentEvaluator: what a model knows of items without an event, and what each modality adds."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, Channel, artifact_utils, component_spec, standard_artifacts

from components.artifacts import Verdict, Weights
from components.code_digest import code_digest
from components.task_metrics import read_summary
from components.trainer.component import Trainer, TrainerSpec, given
from components.verdict import Outcome
from schemas import TesseraError
from trainer.ablation import WHOLE
from trainer.ablation.figures import ablation_figures
from trainer.closed_form.draw import Draw
from trainer.cold_items import SHOWN
from trainer.cold_items.evaluation import cold_figures
from trainer.modalities import files_of


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
        summary = read_summary(artifact_utils.get_single_uri(input_dict["model_run"]))
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
    rest = {name: value for name, value in cold.items() if name != "ablation"}
    without = figures["ablation"]
    if cold.get("ablation") and WHOLE in without:
        of_cold = {WHOLE: cold} | cold["ablation"]
        without = {name: values | {f"cold_{one}": of_cold[name][one] for one in SHOWN}
                   for name, values in without.items()}
    return figures | {"ablation": without, "cold_items": rest}


class ContentEvaluatorSpec(component_spec.ComponentSpec):
    """Artifacts and parameters of `ContentEvaluator`: what `Trainer` reads, and what it made."""

    PARAMETERS = {**TrainerSpec.PARAMETERS,
                  "draw": component_spec.ExecutionParameter(type=str)}
    INPUTS = {**TrainerSpec.INPUTS,
              "weights": component_spec.ChannelParameter(type=Weights),
              "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun)}
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=Verdict)}


class ContentEvaluator(base_component.BaseComponent):
    """Fits the recipe once more without some items and ranks these; it refuses no model."""

    SPEC_CLASS = ContentEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, trainer: Trainer, draw: Draw):
        """Declares the step.

        Args:
          trainer: The step whose recipe is fitted again; this one reads all that it reads.
          draw: Which items the second fit does without.
        """
        super().__init__(ContentEvaluatorSpec(
            custom_config=trainer.exec_properties["custom_config"],
            draw=json.dumps(asdict(draw), sort_keys=True),
            code_digest=code_digest("components.content_evaluator.component", *files_of("tower")),
            weights=trainer.outputs["weights"], model_run=trainer.outputs["model_run"],
            verdict=Channel(type=Verdict),
            **trainer.inputs,
        ))
