"""The Beam pipeline of ingest: read and spill, join and split, write, sum up."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsList, AsSingleton

from components.catalog_gen.deletions import read_deletions
from components.catalog_gen.faults import merge_faults, together
from components.catalog_gen.items import ItemsDone, sum_item_events, write_items
from components.catalog_gen.join import write_catalogue
from components.catalog_gen.shards import (
    Bucket,
    Shard,
    Spilled,
    of_table,
    plan_buckets,
    spill_shard,
)
from components.catalog_gen.splits import time_thresholds
from components.catalog_gen.users import UserBuckets, UsersDone
from components.privacy.options import AS_IT_IS, Privacy
from components.sources.base import Source
from components.sources.spans import is_day
from schemas import SIDES, FeatureSpec


def write_summary(
    spilled: Sequence[Spilled], users: Sequence[UsersDone], items: Sequence[ItemsDone],
    protocol: str, folder: str, scratch: str, listed: int = 0,
) -> None:
    """Writes `quarantine.jsonl` and `counts.json`.

    Args:
      spilled: All shards of all tables.
      users: All buckets of users.
      items: All buckets of items.
      protocol: How events are split.
      folder: Where to write.
      scratch: Folder for files in between.
      listed: How many users are on the deletion list.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    groups: tuple[Sequence[Spilled | UsersDone | ItemsDone], ...] = (spilled, users, items)
    faults = [path for group in groups for one in group for path in one.faults]
    merge_faults(faults, f"{folder}/quarantine.jsonl", scratch)
    counts = count(spilled, users, items, protocol)
    if listed:
        counts["deleted"] = deleted(spilled, listed)
    Path(folder, "counts.json").write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


def deleted(spilled: Sequence[Spilled], listed: int) -> dict[str, int]:
    """Returns how many users are `listed`, how many of them `found`, and their rows by table."""
    return {"listed": listed, "found": len(frozenset().union(*(one.found for one in spilled))),
            **{side: sum(one.deleted for one in of_table(spilled, side))
               for side in ("users", "interactions")}}


def count(
    spilled: Sequence[Spilled], users: Sequence[UsersDone], items: Sequence[ItemsDone],
    protocol: str,
) -> dict[str, Any]:
    """Returns the content of `counts.json`: in each table, read = kept + quarantined.

    Under `remarks` is, by table, what was changed or is doubtful (`faults.together`), and under
    `spans` the events read by span, where the data have such.

    A table that the dataset lacks counts as read in the table that has its ids.
    """
    splits: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for bucket in users:
        splits.update(bucket.splits)
        left_out.update(bucket.left_out)
    for one in items:
        left_out.update(one.left_out)
    kept = {"users": sum(one.kept for one in users), "items": sum(one.kept for one in items),
            "interactions": splits.total()}
    counts: dict[str, Any] = {"split": protocol, "remarks": {}}
    for side in SIDES:
        shards = of_table(spilled, side)
        read = sum(one.read for one in shards) if shards else kept[side]
        quarantined = left_out[side] + sum(one.quarantined for one in shards)
        counts["remarks"][side] = together([one.notes for one in shards])
        counts[side] = {"read": read, "kept": kept[side], "quarantined": quarantined}
    return counts | {"splits": dict(splits), "spans": _of_spans(of_table(spilled, "interactions"))}


def _of_spans(shards: Sequence[Spilled]) -> dict[str, int]:
    spans: Counter[str] = Counter()
    for one in shards:
        name, _, inner = one.shard.name.partition("/")
        if inner and is_day(name):
            spans[name] += one.read
    return dict(sorted(spans.items()))


def ingest(
    pipeline: beam.Pipeline,
    source: Source,
    spec: FeatureSpec,
    protocol: str,
    tables: dict[str, str],
    quarantine: str,
    scratch: str,
    privacy: Privacy = AS_IT_IS,
) -> None:
    """Builds the ingest pipeline.

    Args:
      pipeline: The pipeline to add to.
      source: Where the records come from.
      spec: The dataset's spec.
      protocol: `"u80"`, `"t80"`, `"random"`, or the name of a column that holds each row's split.
      tables: Output folder of each table.
      quarantine: Output folder of what was left out.
      scratch: An empty folder that all workers reach, for about as many bytes as the source has;
        whoever made it removes it when the pipeline has run.
      privacy: What becomes of personal data.
    """
    has = {side: source.has_table(side) for side in SIDES}
    shards = [Shard(side, position, name) for side in SIDES if has[side]
              for position, name in enumerate(source.shards(side))]
    once = pipeline | beam.Impulse()
    spilled = AsList(
        pipeline
        | "Shards" >> beam.Create(shards)
        | "Spill" >> beam.Map(partial(spill_shard, source=source, spec=spec, scratch=scratch,
                                     privacy=privacy))
    )
    catalogue = AsSingleton(once | "Catalogue" >> beam.ParDo(
        _Once(write_catalogue), spilled, has["items"], f"{scratch}/catalogue"))
    work = UserBuckets(spec, protocol, has["users"], tables, scratch)
    buckets = (
        once
        | "UserBuckets" >> beam.FlatMap(_buckets, spilled, ("users", "interactions"))
        | "SpreadUsers" >> beam.Reshuffle()
    )
    thresholds: Any = None
    if protocol == "t80":
        times = AsList(buckets | "Times" >> beam.Map(work.times, spilled, catalogue))
        thresholds = AsSingleton(once | "Thresholds" >> beam.ParDo(_Once(_thresholds), times))
    users = AsList(buckets | "Users" >> beam.Map(work.write, spilled, catalogue, thresholds))
    events = AsSingleton(once | "ItemEvents" >> beam.ParDo(
        _Once(sum_item_events), users, f"{scratch}/item_events.npy"))
    write = partial(write_items, spec=spec, has_items=has["items"], folder=tables["items"],
                    scratch=scratch)
    items = AsList(
        once
        | "ItemBuckets" >> beam.FlatMap(_buckets, spilled, ("items",))
        | "SpreadItems" >> beam.Reshuffle()
        | "Items" >> beam.Map(write, spilled, catalogue, events)
    )
    _ = once | "Summary" >> beam.ParDo(
        _Once(write_summary), spilled, users, items, protocol, quarantine, scratch,
        len(read_deletions(privacy.deletion_list)))


class _Once(beam.DoFn):
    """A call that is made once, when its arguments are there."""

    def __init__(self, call: Callable):
        self._call = call

    def process(self, _: bytes, *arguments: Any) -> Iterator[Any]:
        yield self._call(*arguments)


def _buckets(_: bytes, spilled: list[Spilled], sides: tuple[str, ...]) -> list[Bucket]:
    return plan_buckets(one for side in sides for one in of_table(spilled, side))


def _thresholds(paths: list[str]) -> tuple[int, int]:
    return time_thresholds([np.load(path, mmap_mode="r") for path in paths])
