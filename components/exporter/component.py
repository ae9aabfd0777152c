"""Exporter: the model that is served, or the scores of one that is not, from trained weights."""

from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, component_spec, standard_artifacts
from tfx.utils import path_utils

from components.artifacts import RUN, Predictions, Scores, Weights
from components.code_digest import code_digest
from components.trainer.component import Trainer, TrainerSpec, given
from trainer.export.run import export
from trainer.modalities import files_of


class Executor(base_executor.BaseExecutor):
    """Builds the model around the weights and writes it; nothing is trained."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See `ExporterSpec` for the artifacts and parameters."""
        written = output_dict.get("predictions") or output_dict["scores"]
        model = artifact_utils.get_single_instance(output_dict["model"])
        run = self._context.pipeline_run_id if self._context else ""
        model.set_string_custom_property(RUN, run or "")
        export(given(input_dict, exec_properties),
               Path(artifact_utils.get_single_uri(input_dict["weights"])),
               Path(path_utils.serving_model_dir(model.uri)),
               Path(artifact_utils.get_single_uri(written)))


class ExporterSpec(types.ComponentSpec):
    """Artifacts and parameters of `Exporter`: what `Trainer` reads, and its weights."""

    PARAMETERS = dict(TrainerSpec.PARAMETERS)
    INPUTS = {**TrainerSpec.INPUTS, "weights": component_spec.ChannelParameter(type=Weights)}
    OUTPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "predictions": component_spec.ChannelParameter(type=Predictions, optional=True),
        "scores": component_spec.ChannelParameter(type=Scores, optional=True),
    }


class Exporter(base_component.BaseComponent):
    """Makes a model of trained weights; its key has the export's code, which training's lacks."""

    SPEC_CLASS = ExporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, trainer: Trainer, served: bool = True):
        """Declares the step.

        Args:
          trainer: The step whose weights are exported; this one reads all that it reads.
          served: Whether the recipe makes a SavedModel; then its predictions are recorded, else its
            scores are written.
        """
        written = {"predictions": types.Channel(type=Predictions)} if served else {
            "scores": types.Channel(type=Scores)}
        super().__init__(ExporterSpec(
            custom_config=trainer.exec_properties["custom_config"],
            code_digest=code_digest(
                "components.exporter.component", *files_of("tower", "explain", "readable")),
            weights=trainer.outputs["weights"],
            model=types.Channel(type=standard_artifacts.Model),
            **trainer.inputs,
            **written,
        ))
