"""Groups of users and of items by which figures are split: what a table's columns say."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import tensorflow as tf

from schemas import Feature, FeatureSpec
from schemas.values.text import as_text

TYPES = {bytes: tf.string, int: tf.int64, float: tf.float32}
_BATCH = 200  # rows, which may hold films
_MOST = 12  # groups of a column; a column of more values is no grouping
_NONE, _OTHER = "none", "other"
_BOUNDS = (1, 5, 20, 50, 200)
# Seconds between a user's last known and first test event, each up to and with its bound.
GAPS = {"same second": 0.0, "10 minutes": 600.0, "1 day": 86_400.0, "longer": np.inf}


def by_events(counts: np.ndarray) -> np.ndarray:
    """Returns the name of the range that each number of events is in; 0 has its own."""
    names = ["no event", *(f"{low} to {high - 1} events"
                           for low, high in pairwise(_BOUNDS)),
             f"{_BOUNDS[-1]} or more events"]
    return np.array(names, dtype=object)[np.digitize(counts, _BOUNDS)]


def by_gap(gaps: np.ndarray) -> np.ndarray:
    """Returns the name of the range of `GAPS` that each number of seconds is in."""
    return np.array([*GAPS], dtype=object)[np.searchsorted([*GAPS.values()], gaps)]


def large_enough(groups: np.ndarray, users: np.ndarray, fewest: int) -> dict[str, np.ndarray]:
    """Returns the rows of each group whose figures may be shown: those of enough users.

    The groups of the fewest users are one, "other", and so is the next smallest, until that has
    enough users too: a single group that is left out could be reckoned from the others and the
    whole.

    Args:
      groups: The group of each row, `(rows,)`.
      users: The user of each row, `(rows,)`.
      fewest: Fewest users of a group.

    Returns:
      A mask, `(rows,)`, by name; no group if all rows have too few users.
    """
    of = {name: set(users[groups == name].tolist()) for name in set(groups.tolist())}
    merged: set[int] = set()
    names = groups
    for name in sorted(of, key=lambda one: (len(of[one]), one)):
        if len(of[name]) >= fewest and (not merged or len(merged) >= fewest):
            break
        merged |= of[name]
        names = np.where(groups == name, _OTHER, names)
    if merged and len(merged) < fewest:
        return {}
    return {name: names == name for name in sorted(set(names.tolist()))}


def profile_groups(folder: str, spec: FeatureSpec, ids: Sequence[str]) -> dict[str, np.ndarray]:
    """Groups users by each column of their table that has few different values.

    Args:
      folder: The folder of the users table's split.
      spec: The dataset's spec.
      ids: The users, by the text of their ids.

    Returns:
      By `profile_` and the column's name, the value of each user, `(ids,)`; "none" where there is
      none. No personal data.
    """
    features = [f for f in spec.inputs("users") if f.categories and f.scalar]
    values = _first_values(folder, spec.id_key("users"), features)
    groups = {}
    for feature in features:
        by_id = values[feature.name]
        if 1 < len(set(by_id.values())) <= _MOST:
            groups[f"profile_{feature.name}"] = np.array(
                [by_id.get(one, _NONE) for one in ids], dtype=object)
    return groups


def modality_groups(folder: str, spec: FeatureSpec, ids: Sequence[str]) -> dict[str, np.ndarray]:
    """Groups items by the modalities that they have values of.

    Args:
      folder: The folder of the items table's split.
      spec: The dataset's spec.
      ids: The items, by the text of their ids.

    Returns:
      `modalities`, names such as `"image + text"` of each item, `(ids,)`; beyond the twelve most
      frequent sets it is "other".
    """
    features = [f for f in spec.inputs("items") if f.modality]
    values = _first_values(folder, spec.id_key("items"), features)
    named = {modality: [f.name for f in features if f.modality == modality]
             for modality in sorted({str(f.modality) for f in features})}
    if not named:
        return {}
    sets = np.array([" + ".join(
        modality for modality, columns in named.items()
        if any(one in values[column] for column in columns)) or _NONE for one in ids], dtype=object)
    names, counts = np.unique(sets, return_counts=True)
    frequent = names[np.argsort(-counts, kind="stable")[:_MOST]]
    return {"modalities": np.where(np.isin(sets, frequent), sets, _OTHER)}


def _first_values(folder: str, key: Feature, features: Sequence[Feature]
                  ) -> dict[str, dict[str, str]]:
    """Returns the first value of each column as text, by id; what has none is left out.

    Of media the text is empty: only that there is a value is kept.
    """
    parsing = {f.name: tf.io.VarLenFeature(TYPES[f.dtype]) for f in (key, *features)}
    strings: dict[str, dict[str, str]] = {f.name: {} for f in features}
    files = sorted(str(path) for path in Path(folder).glob("data_tfrecord-*.gz"))
    for batch in tf.data.TFRecordDataset(files, compression_type="GZIP").batch(_BATCH):
        columns = tf.io.parse_example(batch, parsing)
        ids = [as_text(one) for one in columns[key.name].values.numpy()]
        for feature in features:
            column = columns[feature.name]
            rows, first = np.unique(column.indices.numpy()[:, 0], return_index=True)
            given = column.values.numpy()[first]
            for row, value in zip(rows, given, strict=True):
                strings[feature.name][ids[row]] = "" if feature.media else as_text(value)
    return strings
