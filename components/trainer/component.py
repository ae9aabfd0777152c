"""Trainer: the weights of one model from users, items and interactions."""

import json
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.types import Artifact, artifact_utils, component_spec, standard_artifacts

from components.artifacts import Encodings, Weights
from components.code_digest import code_digest
from schemas import SIDES
from trainer.modalities import files_of
from trainer.run import Given, read_given, train


class Executor(base_executor.BaseExecutor):
    """Trains on all three tables; neither export nor checks are known here."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See `TrainerSpec` for the artifacts and parameters."""
        earlier = input_dict.get("earlier")
        train(given(input_dict, exec_properties),
              Path(artifact_utils.get_single_uri(output_dict["model_run"])),
              Path(artifact_utils.get_single_uri(output_dict["weights"])),
              Path(artifact_utils.get_single_uri(earlier)) if earlier else None)


def given(input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]) -> Given:
    """Reads the inputs and parameters that `TrainerSpec` has, for all who read the same."""
    encodings = input_dict.get("encodings")
    return read_given(
        json.loads(exec_properties["custom_config"]),
        {side: _files(input_dict[side]) for side in SIDES},
        {side: artifact_utils.get_single_uri(input_dict[f"{side}_graph"]) for side in SIDES},
        artifact_utils.get_single_uri(encodings) if encodings else None,
        exec_properties["code_digest"])


def _files(examples: list[Artifact]) -> dict[str, list[str]]:
    artifact = artifact_utils.get_single_instance(examples)
    return {
        split: sorted(fileio.glob(f"{artifact_utils.get_split_uri([artifact], split)}/*"))
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }


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
            code_digest=code_digest("components.trainer.component", *files_of("tower")),
            weights=types.Channel(type=Weights),
            model_run=types.Channel(type=standard_artifacts.ModelRun),
            **inputs,
        ))
