"""Rows of the users and the items as ingest left them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from schemas import Feature, FeatureSpec, InputError
from schemas.values.text import as_text

Row = dict[str, list[Any]]
_SHOWN = 5


def find_rows(folder: Path, spec: FeatureSpec, side: str, ids: Iterable[str]) -> dict[str, Row]:
    """Finds rows of a table by id.

    Args:
      folder: Folder of the table's raw Examples.
      spec: The dataset's spec.
      side: `users` or `items`.
      ids: The ids.

    Returns:
      Values by column, for each id.

    Raises:
      InputError: The table is no longer there, or has no such id; some that it has are named.
    """
    key, wanted = spec.id_key(side), set(ids)
    rows: dict[str, Row] = {}
    first: list[str] = []
    count = 0
    for example in _examples(folder, side):
        name = _id(example, key)
        count += 1
        if count <= _SHOWN:
            first.append(name)
        if name in wanted:
            rows[name] = {n: _plain(f) for n, f in example.features.feature.items()}
            if len(rows) == len(wanted):
                return rows
    missing = ", ".join(repr(name) for name in sorted(wanted - set(rows)))
    raise InputError(
        "unknown-id",
        f"Unknown {side.removesuffix('s')} {missing}: the {side} that the model was trained on "
        f"have no such id. There are {count:,}, such as {', '.join(map(repr, first))}.")


def first_ids(folder: Path, spec: FeatureSpec, side: str, count: int) -> list[str]:
    """Returns the ids of a table's first rows."""
    names: list[str] = []
    for example in _examples(folder, side):
        if len(names) == count:
            break
        names.append(_id(example, spec.id_key(side)))
    return names


def _examples(folder: Path, side: str) -> Iterator[tf.train.Example]:
    files = sorted(str(path) for path in folder.glob("Split-*/*.gz"))
    if not files:
        raise InputError("tables-gone",
                         f"The {side} that the model was trained on are no longer at {folder}. "
                         "Run `tessera run` again.")
    for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
        yield tf.train.Example.FromString(record)


def _id(example: tf.train.Example, key: Feature) -> str:
    return as_text(_plain(example.features.feature[key.name])[0])


def _plain(feature: tf.train.Feature) -> list[Any]:
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []
