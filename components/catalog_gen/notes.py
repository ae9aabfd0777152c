"""What ingest changed or found doubtful and kept all the same: counted, not listed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from components.sources.base import Record

_SHOWN = 60  # characters of an example


@dataclass
class Notes:
    """The remarks on one table's columns.

    Attributes:
      kept: By column and what happened: how many values, and the first of them with its place.
      lost: By column: how many of its values were left out.
      empty: Columns without a single value so far.
    """

    kept: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)

    def add(self, column: str, what: str, record: Record, shown: str) -> None:
        """Counts a value that was kept.

        Args:
          column: Its column.
          what: What was done to it, or is doubtful, as the end of a sentence about values.
          record: Where it was.
          shown: How it is shown.
        """
        count, example = self.kept.get((column, what), (0, ""))
        if not count:
            shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
            example = f"{shown} in {record.source}, line {record.line}"
        self.kept[column, what] = count + 1, example

    def lose(self, column: str) -> None:
        """Counts a value that was left out."""
        self.lost[column] = self.lost.get(column, 0) + 1


def together(notes: Sequence[Notes]) -> dict[str, list[dict[str, Any]]]:
    """Puts the notes of a table's shards together.

    Args:
      notes: Those of each shard, in order.

    Returns:
      Under `notes` the values that were kept, `{"column", "what", "count", "example"}`; under
      `lost` the columns that lost values, `{"column", "count", "empty"}`, `empty` where none is
      left.
    """
    kept: dict[tuple[str, str], tuple[int, str]] = {}
    lost: dict[str, int] = {}
    for one in notes:
        for key, (count, example) in one.kept.items():
            before, first = kept.get(key, (0, example))
            kept[key] = before + count, first
        for column, count in one.lost.items():
            lost[column] = lost.get(column, 0) + count
    empty = set.intersection(*(one.empty for one in notes)) if notes else set()
    return {
        "notes": [{"column": column, "what": what, "count": count, "example": example}
                  for (column, what), (count, example) in sorted(kept.items())],
        "lost": [{"column": column, "count": count, "empty": column in empty}
                 for column, count in sorted(lost.items())],
    }
