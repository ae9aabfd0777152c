"""Rows that fit a spec: every column gets values of its modality, and some rows lack them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from components.catalog_gen.histories import Histories, Unseen
from schemas import Feature, FeatureSpec
from schemas.media import SOUND_RATE, VIDEO_FRAMES, VIDEO_SIDE, video_strip, wav
from worlds.media import png

DAY = 86_400
WORDS = ("train", "heist", "calm", "sea", "night")
Row = dict[str, list[Any]]


@dataclass(frozen=True)
class Rows:
    """Tables as ingest makes them.

    Attributes:
      tables: Rows by table; a row has a list of values for each column.
      splits: The split of each interaction.
    """

    tables: dict[str, list[Row]]
    splits: list[str]


def small_rows(spec: FeatureSpec, users: int = 5, items: int = 10, events: int = 8, seed: int = 0
               ) -> Rows:
    """Returns tables of a spec; every third value that may be absent is.

    Args:
      spec: The dataset's spec.
      users: How many users there are; the last one has no event.
      items: How many items there are.
      events: How many different items each other user met: half of them in training, the rest
        in validation and test.
      seed: Of all values.

    Example:
      >>> from worlds import column, small_spec
      >>> world = small_rows(small_spec(items=column("price", "FLOAT", "numeric")), users=3)
      >>> [len(rows) for rows in world.tables.values()], len(world.splits)
      ([3, 10, 16], 16)
    """
    random = np.random.default_rng(seed)
    ids = {side: _ids(spec.id_key(side), count)
           for side, count in (("users", users), ("items", items))}
    tables = {side: [_row(spec, side, i, random) | {spec.id_key(side).name: [name]}
                     for i, name in enumerate(ids[side])] for side in ids}
    tables["interactions"], splits = [], []
    histories, unseen = Histories(spec), Unseen(spec, ids["items"])
    parts = ["train"] * (events // 2) + ["validation"] * (events // 4)
    parts += ["test"] * (events - len(parts))
    absent: Row = {feature.name: [] for feature in spec.table("interactions")}
    for user in ids["users"][:-1]:
        rows = [_event(spec, user, ids["items"][item], place, random)
                for place, item in enumerate(random.permutation(items)[:events])]
        histories.add(rows, parts[: len(rows)])
        unseen.add(rows, parts[: len(rows)])
        tables["interactions"] += [absent | row for row in rows]
        splits += parts[: len(rows)]
    return Rows(tables, splits)


def _ids(feature: Feature, count: int) -> list[Any]:
    """Returns ids whose order as numbers is not their order as texts."""
    if feature.dtype is int:
        return [7 + 3 * i for i in range(count)]
    return [b"%s%d" % (feature.name.encode(), i) for i in range(count)]


def _event(spec: FeatureSpec, user: Any, item: Any, place: int, random: np.random.Generator) -> Row:
    row = _row(spec, "interactions", place, random)
    row |= {spec.role("user_id").name: [user], spec.role("item_id").name: [item]}
    if spec.has_role("timestamp"):
        row[spec.role("timestamp").name] = [DAY * (10 + place // 2)]
    return {name: values for name, values in row.items() if values}  # as Histories expect them


def _row(spec: FeatureSpec, side: str, i: int, random: np.random.Generator) -> Row:
    row: Row = {}
    for place, feature in enumerate(spec.table(side)):
        if feature.counts_events:
            row[feature.name] = [i]
        elif not feature.derived or feature.sound_of:
            absent = (i + place) % 3 == 0 and not feature.required
            row[feature.name] = [] if absent else _values(feature, i, random)
    return row


def _values(feature: Feature, i: int, random: np.random.Generator) -> list[Any]:
    if feature.modality == "image":
        return [png(random.integers(0, 256, (9, 6, 3)))]
    if feature.modality == "audio":
        return [wav(random.integers(-9_000, 9_000, SOUND_RATE // 4).astype("<i2").tobytes())]
    if feature.modality == "video":
        shape = (VIDEO_FRAMES * VIDEO_SIDE, VIDEO_SIDE, 3)
        return [video_strip(random.integers(0, 256, shape).astype(np.uint8).tobytes())]
    if feature.dtype is bytes:
        words = feature.values or WORDS
        chosen = [words[(i + k) % len(words)].encode() for k in range(feature.max_values or 2)]
        return [b" ".join(chosen)] if feature.modality == "text" else chosen
    low = 0 if feature.minimum is None else feature.minimum
    high = low + 9 if feature.maximum is None else feature.maximum
    numbers = random.integers(int(low), int(high) + 1, feature.max_values or 2)
    return [feature.dtype(number) for number in numbers]
