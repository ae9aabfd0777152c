"""Trainer: one model from users, items and interactions."""

import json
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.proto import trainer_pb2
from tfx.types import component_spec, standard_artifacts

from components.artifacts import Answers, Encodings, Scores
from components.code_digest import code_digest
from components.trainer.executor import Executor

_RUN_FN = "trainer.run.run_fn"


class TrainerSpec(types.ComponentSpec):
    """Artifacts and parameters of `Trainer`; the parameters are the stock Trainer's."""

    PARAMETERS = {
        "train_args": component_spec.ExecutionParameter(type=trainer_pb2.TrainArgs),
        "eval_args": component_spec.ExecutionParameter(type=trainer_pb2.EvalArgs),
        "run_fn": component_spec.ExecutionParameter(type=str),
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
    }
    OUTPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
        "answers": component_spec.ChannelParameter(type=Answers, optional=True),
        "scores": component_spec.ChannelParameter(type=Scores, optional=True),
    }


class Trainer(base_component.BaseComponent):
    """Trains a recipe's model on transformed users, items and interactions."""

    SPEC_CLASS = TrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, config: dict[str, Any], served: bool = True, **inputs: types.BaseChannel):
        """Declares the step.

        Args:
          config: `spec`, `recipe` and `seed`, as plain JSON values.
          served: Whether the recipe makes a SavedModel; then its answers are recorded, else its
            scores are written.
          **inputs: The channels of `TrainerSpec.INPUTS`; `encodings` with encoders only.
        """
        said = {"answers": types.Channel(type=Answers)} if served else {
            "scores": types.Channel(type=Scores)}
        super().__init__(
            TrainerSpec(
                train_args=trainer_pb2.TrainArgs(splits=["train"]),
                eval_args=trainer_pb2.EvalArgs(splits=["validation"]),
                run_fn=_RUN_FN,
                custom_config=json.dumps(config, sort_keys=True),
                code_digest=code_digest("components.trainer.executor", "trainer.run"),
                model=types.Channel(type=standard_artifacts.Model),
                model_run=types.Channel(type=standard_artifacts.ModelRun),
                **said,
                **inputs,
            )
        )
