"""The Beam pipeline of ingest: read and spill, join and split, write.

Its elements are shards of the source and buckets of ids, never rows: a worker streams a shard
from disk to disk and holds one bucket, whatever the size of the data. Workers share nothing but
the folders they are given.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsList, AsSingleton

from components.catalog_gen.buckets import plan_buckets
from components.catalog_gen.catalogue import write_catalogue
from components.catalog_gen.items import sum_item_events, write_items
from components.catalog_gen.shards import Shard, of_table, spill_shard
from components.catalog_gen.splits import time_thresholds
from components.catalog_gen.summary import write_summary
from components.catalog_gen.users import UserBuckets
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
    """
    has = {side: source.has_table(side) for side in SIDES}
    shards = [Shard(side, position, name) for side in SIDES if has[side]
              for position, name in enumerate(source.shards(side))]
    once = pipeline | "Once" >> beam.Create([None])
    spilled = AsList(
        pipeline
        | "Shards" >> beam.Create(shards)
        | "SpreadShards" >> beam.Reshuffle()
        | "Spill" >> beam.Map(partial(spill_shard, source=source, spec=spec, scratch=scratch))
    )
    catalogue = AsSingleton(_once(
        once, "Catalogue", write_catalogue, spilled, has["items"], f"{scratch}/catalogue"))
    work = UserBuckets(spec, protocol, has["users"], tables, scratch)
    buckets = (
        once
        | "UserBuckets" >> beam.FlatMap(
            lambda _, shards: plan_buckets(one for one in shards if one.shard.side != "items"),
            spilled)
        | "SpreadUsers" >> beam.Reshuffle()
    )
    thresholds: Any = None
    if protocol == "t80":
        times = buckets | "Times" >> beam.Map(work.times, spilled, catalogue)
        thresholds = AsSingleton(_once(once, "Thresholds", _thresholds, AsList(times)))
    users = AsList(buckets | "Users" >> beam.Map(work.write, spilled, catalogue, thresholds))
    events = AsSingleton(_once(
        once, "ItemEvents", sum_item_events, users, f"{scratch}/item_events.npy"))
    write = partial(write_items, spec=spec, has_items=has["items"], folder=tables["items"],
                    scratch=scratch)
    items = AsList(
        once
        | "ItemBuckets" >> beam.FlatMap(
            lambda _, shards: plan_buckets(of_table(shards, "items")), spilled)
        | "SpreadItems" >> beam.Reshuffle()
        | "Items" >> beam.Map(write, spilled, catalogue, events)
    )
    _once(once, "Summary", write_summary, spilled, users, items, protocol, quarantine, scratch)


def _once(once: beam.PCollection, name: str, call: Callable, *arguments: Any) -> beam.PCollection:
    """Returns the result of one call, made when its arguments are there."""
    return once | name >> beam.Map(lambda _, *given: call(*given), *arguments)


def _thresholds(paths: list[str]) -> tuple[int, int]:
    return time_thresholds([np.load(path, mmap_mode="r") for path in paths])
