"""Pusher: a blessed model becomes a version that servers find."""

import json
from pathlib import Path

from tfx.dsl.components.base import base_component, executor_spec
from tfx.proto import pusher_pb2
from tfx.types import channel, component_spec, standard_artifacts, standard_component_specs

from components.artifacts import Card
from components.code_digest import code_digest
from components.pusher.executor import Executor


class PusherSpec(standard_component_specs.PusherSpec):
    """TFX's, with the model's card."""

    INPUTS = {**standard_component_specs.PusherSpec.INPUTS,
              "card": component_spec.ChannelParameter(type=Card, optional=True)}


class Pusher(base_component.BaseComponent):
    """TFX's Pusher with our executor, for folders, with the model's card."""

    SPEC_CLASS = PusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self, model: channel.BaseChannel, model_blessing: channel.BaseChannel, folder: Path,
        card: channel.BaseChannel | None = None,
    ) -> None:
        """Builds the component.

        Args:
          model: The trained `Model`.
          model_blessing: The `ModelBlessing` that it needs.
          folder: The folder of the versions.
          card: The model's `Card`.
        """
        super().__init__(PusherSpec(
            model=model,
            model_blessing=model_blessing,
            push_destination=pusher_pb2.PushDestination(
                filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(folder))),
            custom_config=json.dumps({"code_digest": code_digest("components.pusher.executor")}),
            pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
            **({"card": card} if card else {}),
        ))
