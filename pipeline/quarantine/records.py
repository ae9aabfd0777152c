"""The records that a run left out."""

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.sources.spans import Spans
from pipeline.root import read_json
from schemas import InputError

Place = tuple[str, str, int]  # table, file and line


@dataclass(frozen=True)
class BadRecord:
    """A record with all that is wrong with it.

    Attributes:
      table: Its table.
      source: Its file, relative to the dataset's folder.
      line: Its line there, from 1 on.
      left_out: Whether the row was left out, not only some of its values.
      reasons: One sentence each, with the value as it was read; that of personal data is masked.
    """

    table: str
    source: str
    line: int
    left_out: bool
    reasons: tuple[str, ...]

    @property
    def place(self) -> Place:
        """What distinguishes it from others."""
        return self.table, self.source, self.line

    def as_json(self) -> dict[str, Any]:
        """Returns plain values."""
        return {"table": self.table, "source": self.source, "line": self.line,
                "left_out": self.left_out, "reasons": list(self.reasons)}

    def __str__(self) -> str:
        what = "row left out" if self.left_out else "values left out"
        return f"{self.source}, line {self.line} ({self.table}): {what}: {'; '.join(self.reasons)}"


def read_records(folder: Path) -> Iterator[BadRecord]:
    """Yields each bad record once, by table, file and line, in a streaming way.

    Args:
      folder: Folder of a `Quarantine` artifact.

    Raises:
      InputError: Its file is damaged.
    """
    path = folder / "quarantine.jsonl"
    try:
        with path.open(encoding="utf-8") as lines:
            yield from _grouped(json.loads(line) for line in lines)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("damaged-quarantine",
                         f"{path} is not what a run wrote ({error}). Run `tessera run` again, or "
                         "name another run with --run.") from error


def _grouped(faults: Iterable[dict[str, Any]]) -> Iterator[BadRecord]:
    # The file is sorted by place.
    for place, group in itertools.groupby(
            faults, lambda one: (one["table"], one["source"], one["line"])):
        of_record = list(group)
        reasons = dict.fromkeys(one["reason"] for one in of_record)
        yield BadRecord(*place, any(one["kind"] == "row" for one in of_record), tuple(reasons))


def spans_of(root: Path, run: str) -> Spans | None:
    """Returns the daily folders that a run read; `None` of data without such.

    Args:
      root: The folder of all results.
      run: The id of a run that is there, or `latest`.
    """
    spans = read_json(root / "runs" / run / "metrics.json").get("spans")
    return spans and Spans(**spans)


def quarantine_of(root: Path, run: str) -> Path:
    """Finds what a run left out.

    Args:
      root: The folder of all results.
      run: The run's id, or `latest`.

    Returns:
      The folder of its `Quarantine` artifact.

    Raises:
      InputError: There is no such run, or it ended before ingest, or its quarantine is gone.
    """
    metrics = root / "runs" / run / "metrics.json"
    where = read_json(metrics).get("quarantine") if metrics.is_file() else None
    folder = root / where if isinstance(where, str) else None
    if folder is None or not (folder / "quarantine.jsonl").is_file():
        raise InputError("no-quarantine",
                         f"No quarantine of run {run!r} under {root}: there is no such run, or it "
                         "ended before its data were read, or its artifacts are gone. Name a run "
                         "with --run, or its root with --root.")
    return folder
