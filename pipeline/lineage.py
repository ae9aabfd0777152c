"""From a pushed version back to what it was made of, through a root's ML Metadata."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from components.model_card import FOLDER, LINEAGE
from pipeline.pushed import serving_folder
from pipeline.root import read_json
from schemas import InputError
from schemas.extensions import load_extensions
from serving.model_config import versions

_INPUTS = (metadata_store_pb2.Event.INPUT,)
_OUTPUTS = (metadata_store_pb2.Event.OUTPUT,)
LATEST = "latest"


def read_only_store(metadata: Path) -> mlmd.MetadataStore:
    """Opens a root's ML Metadata to read them.

    Args:
      metadata: The file, which is there.

    Raises:
      InputError: It is no ML Metadata, or of another release of them.
    """
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(metadata)
    config.sqlite.connection_mode = config.sqlite.READONLY
    try:
        return mlmd.MetadataStore(config)
    except (RuntimeError, mlmd.errors.StatusError) as error:
        raise InputError(
            "unreadable-metadata",
            f"Cannot read {metadata} as ML Metadata: {error}. Put back a copy of the file, or give "
            "another folder with --root.") from error


class Provenance:
    """Reads who made what of what; artifacts and executions are their ids.

    Args:
      root: The root that runs were written under.
      version: Folder of a pushed version.

    Raises:
      InputError: The root has no metadata, or they know nothing of the version, or are of a version
        of Tessera that trained and exported in one step.

    Attributes:
      exporter: The execution that exported the version.
      trainer: The one that trained it.
    """

    def __init__(self, root: Path, version: Path) -> None:
        metadata = root / "metadata.sqlite"
        if not metadata.is_file():
            raise InputError("no-metadata",
                             f"No metadata at {metadata}, which have what {version} was made of. "
                             "Give the root of its run with --root.")
        self._store = read_only_store(metadata)
        self.exporter = self.maker(self.inputs(self._pusher(version, metadata))["model"])
        if "weights" not in self.inputs(self.exporter):
            raise InputError("model-of-older-version",
                             f"{version} was pushed by an older version of Tessera, whose metadata "
                             "do not say what it was made of. Run `tessera run` again, and ask for "
                             "the model that it pushes.")
        self.trainer = self.maker(self.inputs(self.exporter)["weights"])

    def training_config(self) -> dict[str, Any]:
        """Returns what the trainer was given, such as `spec` and `recipe`.

        Raises:
          InputError: An extension that the model was trained with cannot be imported.
        """
        (execution,) = self._store.get_executions_by_id([self.trainer])
        config = json.loads(execution.custom_properties["custom_config"].string_value)
        load_extensions(config.get("extensions", ()))
        return config

    def inputs(self, execution: int) -> dict[str, int]:
        """Returns the artifacts that an execution read, by name."""
        return self._linked(execution, _INPUTS)

    def outputs(self, execution: int) -> dict[str, int]:
        """Returns the artifacts that an execution wrote, by name."""
        return self._linked(execution, _OUTPUTS)

    def maker(self, artifact: int) -> int:
        """Returns what made an artifact; executions that took it from the cache came later."""
        return min(self._executions(artifact, _OUTPUTS))

    def readers(self, artifact: int) -> list[int]:
        """Returns the executions that read an artifact, in their order."""
        return sorted(self._executions(artifact, _INPUTS))

    def folder(self, artifact: int) -> Path:
        """Returns where an artifact is."""
        return Path(self._store.get_artifacts_by_id([artifact])[0].uri)

    def _pusher(self, version: Path, metadata: Path) -> int:
        where = version.parts[-2:]  # a root may have been moved
        pushed = [
            artifact.id for artifact in self._store.get_artifacts_by_type("PushedModel")
            if Path(artifact.custom_properties["pushed_destination"].string_value).parts[-2:]
            == where]
        if not pushed:
            raise InputError("unknown-model-version",
                             f"{metadata} does not know who pushed {version}. Give the root of its "
                             "run with --root, or run `tessera run` again.")
        return self.maker(pushed[-1])

    def _executions(self, artifact: int, kinds: tuple[int, ...]) -> Iterator[int]:
        for event in self._store.get_events_by_artifact_ids([artifact]):
            if event.type in kinds:
                yield event.execution_id

    def _linked(self, execution: int, kinds: tuple[int, ...]) -> dict[str, int]:
        return {event.path.steps[0].key: event.artifact_id
                for event in self._store.get_events_by_execution_ids([execution])
                if event.type in kinds}


def lineage_of(root: Path, version: str, model: str | None = None) -> dict[str, Any]:
    """Reads the lineage of a pushed version.

    Args:
      root: The root that runs were written under.
      version: The number of a version, its folder, or `latest`.
      model: The pushed model that has it; the one pushed last by default.

    Returns:
      The content of its `lineage.json`, with `version`, its folder, and `ancestors`, the folders
      of the blessed models before it that are beside it, the newest first.

    Raises:
      InputError: There is no such version, or it has no lineage, or a damaged one.
    """
    folder = _version(root, version, model)
    entry = read_lineage(folder)
    if entry is None:
        raise InputError(
            "version-without-lineage",
            f"{folder} has no {FOLDER}/{LINEAGE}: an older version of Tessera pushed it. Run "
            "`tessera run` again, and ask for the version that it pushes.")
    return {"version": str(folder), **entry, "ancestors": list(map(str, _ancestors(folder, entry)))}


def version_folder(pushed: Path, version: int | None) -> Path:
    """Returns the folder of a pushed version.

    Args:
      pushed: The folder of the versions.
      version: The version; `None` for the newest.

    Raises:
      InputError: There is no such version.
    """
    there = versions(pushed)
    number = max(there) if version is None else version
    if number not in there:
        raise _unknown(pushed, str(version))
    return there[number]


def _version(root: Path, version: str, model: str | None) -> Path:
    if model is None and (Path(version) / "saved_model.pb").is_file():
        return Path(version)
    pushed = serving_folder(root, model)
    if version != LATEST and not (version.isascii() and version.isdecimal()):
        raise _unknown(pushed, version)
    return version_folder(pushed, None if version == LATEST else int(version))


def _unknown(pushed: Path, version: str) -> InputError:
    return InputError(
        "unknown-version",
        f"{pushed} has no version {version!r}. It has: {', '.join(map(str, versions(pushed)))}. "
        "Give one of these, or another model with --model.")


def _ancestors(folder: Path, entry: dict[str, Any]) -> list[Path]:
    """Returns the versions beside one that hold its parent, the parent's parent and so on."""
    # A model that came back is pushed again: its newest version below the child's is meant.
    waiting = {int(one.name): (one, read_lineage(one)) for one in versions(folder.parent).values()}
    number, line = int(folder.name) if folder.name.isdecimal() else max(waiting, default=0), []
    parent = entry["parent"]
    while parent is not None:
        older = [n for n, (_, one) in waiting.items()
                 if n < number and one and one["model"]["id"] == parent["id"]]
        if not older:
            break
        number = max(older)
        path, one = waiting[number]
        parent = one["parent"] if one else None
        line.append(path)
    return line


def read_lineage(folder: Path) -> dict[str, Any] | None:
    """Reads what a pushed version was made of; `None` where it has no record of that.

    Raises:
      InputError: The record is not as runs write them.
    """
    path = folder / FOLDER / LINEAGE
    if not path.is_file():
        return None
    entry = read_json(path)
    try:
        _ = entry["run_id"], entry["model"]["run_id"], entry["model"]["id"]
        _ = entry["parent"] is None or entry["parent"]["id"]
    except (KeyError, TypeError) as error:
        raise InputError("foreign-lineage",
                         f"{path} is no record that a run wrote ({error!r}). Put back a copy, or "
                         "take the version away.") from error
    return entry
