"""Exporter: the model that is served, or the scores of one that is not, from trained weights."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.artifacts import Predictions, Scores, Weights
from components.code_digest import code_digest
from components.exporter.executor import Executor
from components.trainer.component import Trainer, TrainerSpec
from trainer.modalities import files_of


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
                "components.exporter.executor", *files_of("tower", "explain", "readable")),
            weights=trainer.outputs["weights"],
            model=types.Channel(type=standard_artifacts.Model),
            **trainer.inputs,
            **written,
        ))
