"""Trainer: the weights of one model from users, items and interactions."""

import json
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.artifacts import Encodings, Weights
from components.code_digest import code_digest
from components.trainer.executor import Executor
from trainer.modalities import files_of


class TrainerSpec(types.ComponentSpec):
    """Artifacts and parameters of `Trainer`; the export and the search read the same."""

    PARAMETERS = {
        "custom_config": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "users": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "items": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "interactions": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "users_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "items_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "interactions_graph": component_spec.ChannelParameter(
            type=standard_artifacts.TransformGraph),
        "encodings": component_spec.ChannelParameter(type=Encodings, optional=True),
        "earlier": component_spec.ChannelParameter(type=Weights, optional=True),
    }
    OUTPUTS = {
        "weights": component_spec.ChannelParameter(type=Weights),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
    }


class Trainer(base_component.BaseComponent):
    """Trains a recipe's model on transformed users, items and interactions."""

    SPEC_CLASS = TrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, config: dict[str, Any], **inputs: types.BaseChannel):
        """Declares the step.

        Args:
          config: `spec`, `recipe`, `seed` and, if any, `extensions`, as plain JSON values.
          **inputs: The channels of `TrainerSpec.INPUTS`; `encodings` with encoders only,
            `earlier` with a warm start only.
        """
        super().__init__(TrainerSpec(
            custom_config=json.dumps(config, sort_keys=True),
            code_digest=code_digest("components.trainer.executor", *files_of("tower")),
            weights=types.Channel(type=Weights),
            model_run=types.Channel(type=standard_artifacts.ModelRun),
            **inputs,
        ))
