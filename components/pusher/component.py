"""Pusher: a blessed model becomes a version that servers find."""

from pathlib import Path

from tfx.components.pusher import component as stock
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2
from tfx.types import channel

from components.code_digest import code_digest
from components.pusher.executor import Executor


class Pusher(stock.Pusher):
    """TFX's Pusher with our executor, for folders."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self, model: channel.BaseChannel, model_blessing: channel.BaseChannel, folder: Path
    ) -> None:
        """Builds the component.

        Args:
          model: The trained `Model`.
          model_blessing: The `ModelBlessing` that it needs.
          folder: The folder of the versions.
        """
        super().__init__(
            model=model,
            model_blessing=model_blessing,
            push_destination=pusher_pb2.PushDestination(
                filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(folder))),
            custom_config={"code_digest": code_digest("components.pusher.executor")},
        )
