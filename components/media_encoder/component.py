"""MediaEncoder: vectors of users' and items' contents from pretrained encoders."""

import json
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.artifacts import Encodings
from components.code_digest import code_digest
from components.media_encoder.driver import Driver
from components.media_encoder.executor import Executor
from schemas import FeatureSpec
from trainer.modalities import files_of


class MediaEncoderSpec(types.ComponentSpec):
    """Artifacts and parameters of `MediaEncoder`."""

    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "encoders": component_spec.ExecutionParameter(type=str),
        "cache": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
        "versions": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "users": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "items": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {"encodings": component_spec.ChannelParameter(type=Encodings)}


class MediaEncoder(base_component.BaseComponent):
    """Encodes what a recipe asks for, once for each distinct content."""

    SPEC_CLASS = MediaEncoderSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, users: types.BaseChannel, items: types.BaseChannel, spec: FeatureSpec,
                 encoders: dict[str, Any], cache: Path):
        """Declares the step.

        Args:
          users: The users' raw Examples.
          items: The items' raw Examples.
          spec: The dataset's spec.
          encoders: The recipe's `encoders`, as plain JSON values.
          cache: Folder of the vectors that are known already.
        """
        super().__init__(
            MediaEncoderSpec(
                users=users,
                items=items,
                spec=spec.to_json(),
                encoders=json.dumps(encoders, sort_keys=True),
                cache=str(cache),
                code_digest=code_digest(
                    "components.media_encoder.executor", *files_of("encode")),
                encodings=types.Channel(type=Encodings),
            )
        )
