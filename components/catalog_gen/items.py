"""The last tables of ingest: one bucket of items, with their training events counted."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from components.catalog_gen.faults import FaultWriter
from components.catalog_gen.join import read_catalogue, unique_rows
from components.catalog_gen.shards import Bucket, Spilled, SpilledRows
from components.catalog_gen.spill import own_path, part_of
from components.catalog_gen.tables import Encoder, TableWriter
from components.catalog_gen.users import UsersDone
from schemas import FeatureSpec


@dataclass(frozen=True)
class ItemsDone:
    """What became of a bucket of items.

    Attributes:
      kept: Number of items written.
      left_out: Number of rows left out, by table.
      faults: Sorted files of what was left out.
    """

    kept: int
    left_out: dict[str, int]
    faults: tuple[str, ...]


def sum_item_events(buckets: Iterable[UsersDone], path: str) -> str:
    """Adds up the items' training events of all buckets of users.

    Args:
      buckets: All buckets of users; there is at least one.
      path: File for the sums, an array `(items,)` int64.

    Returns:
      The file's path.
    """
    np.save(path, sum(np.load(one.item_events) for one in buckets))
    return path


def write_items(
    bucket: Bucket, spilled: Iterable[Spilled], catalogue: str, item_events: str,
    spec: FeatureSpec, has_items: bool, folder: str, scratch: str,
) -> ItemsDone:
    """Writes the Examples of one bucket of items, by id.

    Args:
      bucket: Which one.
      spilled: All shards of all tables.
      catalogue: File of all items.
      item_events: File with the number of training events of each item of the catalogue.
      spec: The dataset's spec.
      has_items: Whether the dataset has a table of items.
      folder: Output folder of the table.
      scratch: Folder for files in between.
    """
    key, counted = spec.id_key("items").name, spec.event_count("items")
    known, parts = read_catalogue(catalogue), bucket.parts
    faults = FaultWriter(own_path(scratch, f"items-bucket-{bucket.number:05d}"))
    table = SpilledRows(spilled, spec, "items")
    rows = unique_rows(table, parts, spec, "items", faults) if has_items else {}
    ids = sorted(rows) if has_items else [i for i in known.ids if part_of(i) in parts]
    counts, encoder = np.load(item_events), Encoder(spec, "items")
    with TableWriter(folder, "all", bucket, scratch) as out:
        for identity in ids:
            row = table.unpack(rows.pop(identity)) if has_items else {key: [identity]}
            if counted:
                row[counted.name] = [int(counts[known.positions[identity]])]
            out.write(encoder.encode(row))
    faults.close()
    return ItemsDone(len(ids), dict(faults.rows), tuple(faults.paths))
