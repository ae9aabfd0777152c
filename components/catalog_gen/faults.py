"""What ingest left out, as sorted files, and what it changed and kept all the same, counted."""

import heapq
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.sources.base import Fault, Record

_SHOWN = 60  # characters of an example
_RUN = 50_000  # faults in memory
_OPEN = 256  # files open at once
_LONGEST = 500  # characters of a reason, which may quote a value of any length

Origin = tuple[str, int]


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


def shortened(reason: str) -> str:
    """Returns a reason, cut where it is longer than anybody reads."""
    return reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}..."


class FaultWriter:
    """Collects faults in files, each of them sorted.

    Attributes:
      rows: How many rows were left out so far, by table.
      paths: The files written so far; all of them after `close`.
    """

    def __init__(self, stem: str):
        """Names the files: `<stem>-0.faults` and so on."""
        self._stem = stem
        self._waiting: list[dict[str, Any]] = []
        self.rows: Counter[str] = Counter()
        self.paths: list[str] = []

    def add(self, table: str, origin: Origin, kind: str, *faults: Fault) -> None:
        """Adds what is wrong with a row or a value.

        Args:
          table: The table.
          origin: File and line.
          kind: `"row"` where the row was left out, `"value"` where one of its values was.
          faults: Why; together they are cut where they are longer than anybody reads.
        """
        self.rows[table] += kind == "row"
        columns = sorted({one.column for one in faults} - {""})
        self._waiting.append({"table": table, "source": origin[0], "line": origin[1],
                              "kind": kind, "columns": columns,
                              "reason": shortened("; ".join(one.reason for one in faults))})
        if len(self._waiting) >= _RUN:
            self.close()

    def close(self) -> None:
        """Writes what is still in memory."""
        if not self._waiting:
            return
        path = f"{self._stem}-{len(self.paths)}.faults"
        # A lone surrogate, as in the name of a file, becomes JSON's own escape for it.
        # "x": two writers of one name would lose each other's faults.
        with Path(path).open("x", encoding="utf-8", errors="backslashreplace") as out:
            for fault in sorted(self._waiting, key=_place):
                out.write(json.dumps(fault, ensure_ascii=False) + "\n")
        self.paths.append(path)
        self._waiting.clear()


def merge_faults(paths: Iterable[str], target: str, scratch: str) -> None:
    """Merges sorted files of faults into one, by table, file and line.

    Args:
      paths: The files of all `FaultWriter`s.
      target: The file to write.
      scratch: Folder for files in between, where there are too many to be open at once.
    """
    waiting = sorted(paths)
    for number in itertools.count():
        chosen, waiting = waiting[:_OPEN], waiting[_OPEN:]
        to = f"{scratch}/merged-{number}.faults" if waiting else target
        with ExitStack() as stack:
            files = [stack.enter_context(Path(path).open(encoding="utf-8")) for path in chosen]
            out = stack.enter_context(Path(to).open("w", encoding="utf-8"))
            out.writelines(heapq.merge(*files, key=lambda line: _place(json.loads(line))))
        if not waiting:
            return
        waiting.append(to)


def _place(fault: dict[str, Any]) -> tuple:
    return fault["table"], fault["source"], fault["line"], fault["reason"]
