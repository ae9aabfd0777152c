"""The first step of ingest: shards are read, checked and spilled, and buckets of parts planned."""

import marshal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.catalog_gen.check import Checker
from components.catalog_gen.deletions import Deletions, read_deletions
from components.catalog_gen.faults import FaultWriter, Notes, Origin
from components.catalog_gen.histories import Row
from components.catalog_gen.spill import PARTS, SpillWriter, own_path, read_spill
from components.privacy.hiding import Hiding, Scrubber
from components.privacy.options import AS_IT_IS, Privacy
from components.sources.base import Source
from schemas import Feature, FeatureSpec
from schemas.log import Progress
from schemas.values.text import NOT_SHOWN

_SCRUBBED = "have e-mail addresses, telephone or card numbers, which were taken out"
# A row as it is in a spill, after the place of its shard.
Packed = tuple[int, tuple]
_ROWS = 200_000
_BYTES = 64 << 20


@dataclass(frozen=True)
class Shard:
    """A part of a table that is read independently.

    Attributes:
      side: The table.
      position: Its place among the table's shards.
      name: The source's name of it.
    """

    side: str
    position: int
    name: str


@dataclass(frozen=True)
class Spilled:
    """What became of a shard.

    Attributes:
      shard: The shard.
      path: The spill of its kept rows, by user id, or by item id for the items table.
      sources: The files that the rows name as their origin.
      read: Number of rows read.
      quarantined: Number of rows left out.
      faults: Sorted files of what was left out.
      items: File of the distinct item ids, `None` for a table of users.
      notes: What was changed, or is doubtful, in the rows read.
      deleted: Number of rows of users on the deletion list, which are not read.
      found: Which of these users, by hashes of what the list says.
    """

    shard: Shard
    path: str
    sources: tuple[str, ...]
    read: int
    quarantined: int
    faults: tuple[str, ...]
    items: str | None
    notes: Notes
    deleted: int = 0
    found: frozenset[str] = frozenset()

    @property
    def kept(self) -> int:
        """Number of rows kept."""
        return self.read - self.quarantined


def spill_shard(shard: Shard, source: Source, spec: FeatureSpec, scratch: str,
                privacy: Privacy = AS_IT_IS) -> Spilled:
    """Reads a shard row by row, applies the hard rules and writes what is kept.

    Args:
      shard: Which one.
      source: Where the records come from.
      spec: The dataset's spec.
      scratch: Folder for the files.
      privacy: What becomes of personal data; a key is that of the environment, for it must travel
        in no pipeline.
    """
    side = shard.side
    stem = own_path(scratch, f"{side}-{shard.position:05d}")
    columns = [(f.name, f.scalar) for f in _columns(spec, side)]
    key = spec.role("user_id" if side != "items" else "item_id", side).name
    item = spec.role("item_id", side).name if side != "users" else None
    # Roles and numbers are short; a picture or a text may be of any length.
    long = [f.name for f in spec.table(side) if f.dtype is bytes and f.role is None]
    checker, faults = Checker(spec, side), FaultWriter(stem)
    hiding, scrubber = Hiding(spec, side, privacy), Scrubber(spec, side, privacy)
    deleted = Deletions(spec, side, read_deletions(privacy.deletion_list))
    sources: dict[str, int] = {}
    items: set[Any] = set()
    read = 0
    with SpillWriter(f"{stem}.rows") as spill:
        progress = Progress(f"Ingest, rows of {side} read of file {shard.position + 1}")
        for record in progress.over(source.records(side, shard.name)):
            if record.values in deleted:
                continue
            read += 1
            record, columns_scrubbed = scrubber.scrub(record)
            for name in columns_scrubbed:
                checker.notes.add(name, _SCRUBBED, record, NOT_SHOWN)
            checked = checker.check(record)
            if checked.row_faults:
                faults.add(side, (record.source, record.line), "row", *checked.row_faults)
                continue
            for fault in checked.value_faults:
                faults.add(side, (record.source, record.line), "value", fault)
            values = checked.values
            hiding.hide(values)
            number = sources.setdefault(record.source, len(sources))
            size = sum([len(text) for name in long for text in values.get(name, ())])
            cells = [None if (cell := values.get(name)) is None else cell[0] if scalar else cell
                     for name, scalar in columns]
            spill.add(values[key][0], (number, record.line, *cells), size)
            if item is not None:
                items.add(values[item][0])
    faults.close()
    if item is not None:
        Path(f"{stem}.ids").write_bytes(marshal.dumps(sorted(items)))
    return Spilled(shard, f"{stem}.rows", tuple(sources), read, faults.rows[side],
                   tuple(faults.paths), f"{stem}.ids" if item is not None else None,
                   checker.notes, deleted.rows, frozenset(deleted.found))


class SpilledRows:
    """Reads the kept rows of a table.

    They stay the tuples of single values that they are in the spill until one is needed: a bucket
    of lists and dicts would be several times as large, and Python's garbage collector would walk
    over all of them again and again.
    """

    def __init__(self, spilled: Iterable[Spilled], spec: FeatureSpec, side: str):
        """Names a table.

        Args:
          spilled: All shards of all tables.
          spec: The dataset's spec.
          side: The table.
        """
        self._shards = sorted(of_table(spilled, side), key=lambda one: one.shard.position)
        self._columns = [(f.name, f.scalar) for f in _columns(spec, side)]
        self._key = 2 + [f.role for f in _columns(spec, side)].index(
            "item_id" if side == "items" else "user_id")

    def read(self, parts: range) -> Iterator[tuple[Any, Packed]]:
        """Yields id and row, for each id in the order of shards and lines.

        Args:
          parts: Which parts of the spills.
        """
        for place, one in enumerate(self._shards):
            for cells in read_spill(one.path, parts):
                yield cells[self._key], (place, cells)

    def origin(self, packed: Packed) -> Origin:
        """Returns the file and line that a row came from."""
        place, (number, line, *_) = packed
        return self._shards[place].sources[number], line

    def unpack(self, packed: Packed) -> Row:
        """Returns a row as lists of values by column."""
        return {name: [cell] if scalar else cell
                for (name, scalar), cell in zip(self._columns, packed[1][2:], strict=True)
                if cell is not None}


def of_table(spilled: Iterable[Spilled], side: str) -> list[Spilled]:
    """Returns the shards of one table."""
    return [one for one in spilled if one.shard.side == side]


def _columns(spec: FeatureSpec, side: str) -> list[Feature]:
    return [feature for feature in spec.table(side) if not feature.derived]


@dataclass(frozen=True)
class Bucket:
    """Some of a table's ids, with everything that belongs to them.

    Attributes:
      number: Its place, from 0 on.
      count: How many buckets there are.
    """

    number: int
    count: int

    @property
    def parts(self) -> range:
        """The parts of the spills that are in the bucket."""
        bounds = (PARTS * (self.number + step) // self.count for step in (0, 1))
        return range(*bounds)


def plan_buckets(spilled: Iterable[Spilled]) -> list[Bucket]:
    """Chooses how many buckets there are: as many as the rows need, one for few of them.

    Args:
      spilled: The shards whose rows the buckets hold.
    """
    shards = list(spilled)
    rows = sum(one.kept for one in shards)
    size = sum(Path(one.path).stat().st_size for one in shards)
    count = max(1, min(PARTS, max(-(-rows // _ROWS), -(-size // _BYTES))))
    return [Bucket(number, count) for number in range(count)]
