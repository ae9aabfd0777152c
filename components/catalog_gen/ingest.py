"""The Beam pipeline of ingest: read and spill, join and split, write.

Its elements are shards of the source and buckets of ids, never rows: a worker streams a shard
from disk to disk and holds one bucket, whatever the size of the data. Workers share nothing but
the folders they are given.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsList, AsSingleton

from components.catalog_gen.buckets import Bucket, plan_buckets
from components.catalog_gen.catalogue import write_catalogue
from components.catalog_gen.items import sum_item_events, write_items
from components.catalog_gen.shards import Shard, Spilled, of_table, spill_shard
from components.catalog_gen.splits import time_thresholds
from components.catalog_gen.summary import write_summary
from components.catalog_gen.users import UserBuckets
from components.privacy.options import AS_IT_IS, Privacy
from components.sources.base import Source
from schemas import SIDES, FeatureSpec


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
        _Once(write_summary), spilled, users, items, protocol, quarantine, scratch)


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
