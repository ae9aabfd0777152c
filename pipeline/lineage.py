"""`tessera lineage`: what a pushed version was made of, and the versions that it came after."""

import json
from pathlib import Path
from typing import Any

from components.model_card import FOLDER, LINEAGE
from pipeline.pushed import serving_folder
from schemas.errors import InputError
from serving.model_directory import versions

LATEST = "latest"


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
      InputError: There is no such version, or it has no lineage.
    """
    folder = _version(root, version, model)
    found = _read(folder)
    if found is None:
        raise InputError(
            "version-without-lineage",
            f"{folder} has no {FOLDER}/{LINEAGE}: an older version of Tessera pushed it. Run "
            "`tessera run` again, and ask for the version that it pushes.")
    return {"version": str(folder), **found, "ancestors": list(map(str, _ancestors(folder, found)))}


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


def _ancestors(folder: Path, found: dict[str, Any]) -> list[Path]:
    """Returns the versions beside one that hold its parent, the parent's parent and so on."""
    # A model that came back is pushed again: its newest version below the child's is meant.
    waiting = {int(one.name): (one, _read(one)) for one in versions(folder.parent).values()}
    number, line = int(folder.name) if folder.name.isdecimal() else max(waiting, default=0), []
    parent = found["parent"]
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


def _read(folder: Path) -> dict[str, Any] | None:
    path = folder / FOLDER / LINEAGE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
