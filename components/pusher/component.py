"""Pusher: a blessed model becomes a version that servers find."""

import filecmp
import json
import logging
import shutil
import time
from pathlib import Path
from typing import Any

from tfx.components.pusher import executor as stock
from tfx.dsl.components.base import base_component, executor_spec
from tfx.proto import pusher_pb2
from tfx.types import (
    artifact,
    artifact_utils,
    channel,
    component_spec,
    standard_artifacts,
    standard_component_specs,
)
from tfx.utils import proto_utils

from components.artifacts import Card
from components.code_digest import code_digest
from components.model_card import FOLDER
from serving.model_files import FILE, write_manifest

log = logging.getLogger("tessera.pusher")
_PARTIAL = ".partial"  # no number, so no server looks into it


class Executor(stock.Executor):
    """TFX's executor copies file after file into the numbered folder, where a server looks."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes a blessed model and keeps a copy as the artifact."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        destination = proto_utils.json_to_proto(
            exec_properties["push_destination"], pusher_pb2.PushDestination())
        model = Path(self.GetModelPath(input_dict))
        card = input_dict.get("card")
        copy_with_card(model, Path(artifact_utils.get_single_uri(card)) if card else None,
                       Path(pushed.uri))
        version = push(Path(pushed.uri), Path(destination.filesystem.base_directory))
        self._MarkPushed(pushed, str(version), version.name)
        log.info("Pusher: %s", version)


def copy_with_card(model: Path, card: Path | None, folder: Path) -> None:
    """Copies a model, and puts its card beside it.

    Args:
      model: The folder of a SavedModel.
      card: The folder of its card, if it has one.
      folder: The folder to fill.
    """
    shutil.copytree(model, folder, dirs_exist_ok=True)
    if card is not None:
        shutil.copytree(card, folder / FOLDER, dirs_exist_ok=True)
        write_manifest(folder)  # the exported one has no card


def push(model: Path, folder: Path) -> Path:
    """Adds a model to a folder of versions; the version appears at once and whole.

    Args:
      model: The folder of a SavedModel.
      folder: The folder of the versions.

    Returns:
      The version's folder, named by the time in seconds. It is the newest one where that holds
      the same model already, whatever its card says: a push that was killed before it was recorded.
    """
    partial = folder / _PARTIAL
    shutil.rmtree(partial, ignore_errors=True)  # of a killed push
    folder.mkdir(parents=True, exist_ok=True)
    newest = max((int(p.name) for p in folder.iterdir() if p.name.isdecimal()), default=0)
    if newest and _same_files(model, folder / str(newest)):
        return folder / str(newest)
    shutil.copytree(model, partial)
    return partial.rename(folder / str(max(int(time.time()), newest + 1)))


def _same_files(one: Path, other: Path) -> bool:
    names = [{p.relative_to(folder) for p in folder.rglob("*")
              if p.is_file() and p.relative_to(folder).parts[0] not in (FOLDER, FILE)}
             for folder in (one, other)]
    return names[0] == names[1] and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names[0])


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
            custom_config=json.dumps({"code_digest": code_digest("components.pusher.component")}),
            pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
            **({"card": card} if card else {}),
        ))
