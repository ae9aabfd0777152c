"""The last step of ingest: what was left out, in order, and how many rows went where."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.catalog_gen.faults import merge_faults
from components.catalog_gen.items import ItemsDone
from components.catalog_gen.notes import together
from components.catalog_gen.shards import Spilled, of_table
from components.catalog_gen.users import UsersDone
from schemas import SIDES


def write_summary(
    spilled: Sequence[Spilled], users: Sequence[UsersDone], items: Sequence[ItemsDone],
    protocol: str, folder: str, scratch: str,
) -> None:
    """Writes `quarantine.jsonl` and `counts.json`.

    Args:
      spilled: All shards of all tables.
      users: All buckets of users.
      items: All buckets of items.
      protocol: How events are split.
      folder: Where to write.
      scratch: Folder for files in between.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    groups: tuple[Sequence[Spilled | UsersDone | ItemsDone], ...] = (spilled, users, items)
    faults = [path for group in groups for one in group for path in one.faults]
    merge_faults(faults, f"{folder}/quarantine.jsonl", scratch)
    counts = json.dumps(count(spilled, users, items, protocol), indent=1)
    Path(folder, "counts.json").write_text(counts + "\n", encoding="utf-8")


def count(
    spilled: Sequence[Spilled], users: Sequence[UsersDone], items: Sequence[ItemsDone],
    protocol: str,
) -> dict[str, Any]:
    """Returns the content of `counts.json`: in each table, read = kept + quarantined.

    Under `remarks` is, by table, what was changed or is doubtful (`notes.together`).

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
    return counts | {"splits": dict(splits)}
