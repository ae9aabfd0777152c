"""Which splits would have no row, as far as a look at the interactions shows."""

import itertools
from collections import defaultdict
from typing import Any

import numpy as np

from components.catalog_gen.check import Checker
from components.catalog_gen.splits import (
    FEWEST,
    PROTOCOLS,
    SPLITS,
    Row,
    no_rows,
    split_fault,
    splitter,
    time_thresholds,
)
from components.sources.base import Source
from schemas import FeatureSpec, InputError

_ROWS = 100_000  # a longer table is left to the data gate, which counts all rows


def check_splits(source: Source, spec: FeatureSpec, protocol: str) -> None:
    """Refuses a split that leaves training, validation or test without a row.

    It reads until each split has a row, seldom far. Rows that name unknown users or items count
    here and are left out later; the data gate looks again.

    Args:
      source: The opened source.
      spec: Its spec.
      protocol: One of `PROTOCOLS`, or the name of a column that holds the split.

    Raises:
      InputError: There is no row at all, or all were read and a split has none.
    """
    users, complete = _events(source, spec, protocol)
    if not complete or not users:  # that no row at all can be used, the quarantine says better
        return
    times = [row[spec.role("timestamp").name][0] for rows in users.values() for row in rows] \
        if protocol == "t80" else []
    thresholds = time_thresholds([np.sort(np.array(times, np.int64))]) if times else None
    split = splitter(spec, protocol, thresholds)
    names = {name for rows in users.values() for name in split(rows)}
    if empty := [name for name in SPLITS if name not in names]:
        raise InputError("empty-split", no_rows(protocol, empty) + _why(protocol, users))


def _why(protocol: str, users: dict[Any, list[Row]]) -> str:
    most = max((len(rows) for rows in users.values()), default=0)
    if protocol == "u80":
        return (f" It needs a user with {FEWEST} events at least, and of {len(users):,} users none "
                f"has more than {most}. Give more of their events, or take split: t80 or random.")
    if protocol == "t80":
        return (" Too many events share the same moments. Give times that differ, or take "
                "split: u80 or random.")
    if protocol == "random":
        return " There are too few pairs of a user and an item. Give more events."
    return f" The column {protocol!r} must hold each of {', '.join(SPLITS)}."


def _events(source: Source, spec: FeatureSpec, protocol: str) -> tuple[dict[Any, list[Row]], bool]:
    """Returns the first events by user, and whether each must be looked at: all were read."""
    roles = [spec.role(role).name for role in ("user_id", "item_id", "timestamp", "event_type")
             if spec.has_role(role)]
    named = [*roles, *([] if protocol in PROTOCOLS else [protocol])]
    checker, split = Checker(spec, "interactions"), splitter(spec, protocol)
    users: dict[Any, list[Row]] = defaultdict(list)
    seen: set[tuple] = set()
    names: set[str] = set()
    records = itertools.chain.from_iterable(
        source.records("interactions", shard) for shard in source.shards("interactions"))
    count = -1
    for count, record in enumerate(records):
        if count == _ROWS:
            return users, False
        checked = checker.check(record)
        if checked.row_fault is not None or split_fault(checked.values, protocol):
            continue
        row = {name: checked.values[name] for name in named if name in checked.values}
        event = tuple(row[name][0] if name in row else None for name in roles)
        if event in seen and spec.has_role("timestamp"):
            continue  # the same event once more, which ingest leaves out
        seen.add(event)
        rows = users[row[roles[0]][0]]
        rows.append(row)
        if protocol == "u80" and len(rows) == FEWEST:
            return users, False
        if protocol not in ("u80", "t80"):
            names.update(split([row]))
            if len(names) == len(SPLITS):
                return users, False
    if count < 0:
        shards = ", ".join(source.shards("interactions"))
        raise InputError("no-events", f"The interactions have no row: {shards} in the data folder. "
                         "Give a file with events.")
    return users, True
