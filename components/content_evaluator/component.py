"""ContentEvaluator: what a model knows of items without an event, and what each modality adds."""

import json
from dataclasses import asdict

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import Channel, component_spec, standard_artifacts

from components.artifacts import Verdict, Weights
from components.code_digest import code_digest
from components.content_evaluator.executor import Executor
from components.trainer.component import Trainer, TrainerSpec
from trainer.cold_items.draw import Draw
from trainer.modalities import files_of


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
            code_digest=code_digest("components.content_evaluator.executor", *files_of("tower")),
            weights=trainer.outputs["weights"], model_run=trainer.outputs["model_run"],
            verdict=Channel(type=Verdict),
            **trainer.inputs,
        ))
