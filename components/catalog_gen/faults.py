"""What is left out: sorted files of it, merged into one."""

import heapq
import itertools
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

_RUN = 50_000  # faults in memory
_OPEN = 256  # files open at once
_LONGEST = 500  # characters of a reason, which may quote a value of any length

Origin = tuple[str, int]


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

    def add(self, table: str, origin: Origin, kind: str, reason: str) -> None:
        """Adds a fault.

        Args:
          table: The table.
          origin: File and line.
          kind: `"row"` where the row was left out, `"value"` where one of its values was.
          reason: One sentence; a longer one than anybody reads is cut.
        """
        self.rows[table] += kind == "row"
        self._waiting.append({"table": table, "source": origin[0], "line": origin[1],
                              "kind": kind, "reason": shortened(reason)})
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
