"""Buckets: ranges of parts of the spills, each small enough for memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from components.catalog_gen.shards import Spilled
from components.catalog_gen.spill import PARTS

_ROWS = 200_000
_BYTES = 64 << 20


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
