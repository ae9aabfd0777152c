"""TFX's artifacts, as executors get them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfx.types import artifact_utils, standard_artifacts

SPLITS = {"users": ["all"], "items": ["all"], "interactions": ["train", "validation", "test"]}


def artifact(kind: type, uri: object, splits: Sequence[str] = (), **properties: int | str) -> Any:
    """Returns an artifact of a kind, with its splits and custom properties."""
    made = kind()
    made.uri = str(uri)
    if splits:
        made.split_names = artifact_utils.encode_split_names(list(splits))
    for name, value in properties.items():
        if isinstance(value, int):
            made.set_int_custom_property(name, value)
        else:
            made.set_string_custom_property(name, value)
    return made


def transformed(folder: Path) -> dict[str, list[Any]]:
    """Returns what training is given: tables of empty files, two a split, and their graphs."""
    inputs = {}
    for side, splits in SPLITS.items():
        for split in splits:
            (folder / side / f"Split-{split}").mkdir(parents=True)
            for shard in (1, 0):
                (folder / side / f"Split-{split}" / f"data_tfrecord-{shard}.gz").touch()
        inputs[side] = [artifact(standard_artifacts.Examples, folder / side, splits)]
        inputs[f"{side}_graph"] = [artifact(
            standard_artifacts.TransformGraph, folder / f"{side}_graph")]
    return inputs
