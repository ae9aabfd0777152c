"""The records that a run left out, and which of them would be left out now."""

import itertools
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam

from components.catalog_gen.ingest import ingest
from components.sources import open_source
from components.sources.spans import Spans
from pipeline.config import RunConfig
from schemas import SIDES, InputError

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
    """
    with (folder / "quarantine.jsonl").open(encoding="utf-8") as lines:
        yield from _grouped(json.loads(line) for line in lines)


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
    spans = json.loads((root / "runs" / run / "metrics.json").read_text(encoding="utf-8")).get(
        "spans")
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
    where = json.loads(metrics.read_text(encoding="utf-8")).get("quarantine") \
        if metrics.is_file() else None
    folder = root / where if where else None
    if folder is None or not (folder / "quarantine.jsonl").is_file():
        raise InputError("no-quarantine",
                         f"No quarantine of run {run!r} under {root}: there is no such run, or it "
                         "ended before its data were read, or its artifacts are gone. Name a run "
                         "with --run, or its root with --root.")
    return folder


@dataclass(frozen=True)
class Replay:
    """What became of the records that a run left out.

    Attributes:
      accepted: Those that are whole now.
      remaining: Those that still have a fault, as it is now.
      new: Records that have a fault now and had none.
    """

    accepted: tuple[BadRecord, ...]
    remaining: tuple[BadRecord, ...]
    new: tuple[BadRecord, ...]

    def __str__(self) -> str:
        before = len(self.accepted) + len(self.remaining)
        return (f"{len(self.accepted):,} of {before:,} records are accepted now, "
                f"{len(self.remaining):,} still have a fault, and {len(self.new):,} are new.")


def replay(config: RunConfig, quarantine: Path) -> Replay:
    """Ingests a dataset into a folder that is thrown away.

    Args:
      config: Where the data are, their schemas and their split.
      quarantine: What a run left out.

    Raises:
      InputError: The data cannot be read.
    """
    spec = config.spec()
    source = open_source(**config.source_arguments(spec))
    before = {one.place: one for one in read_records(quarantine)}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder, "scratch")
        scratch.mkdir()
        with beam.Pipeline() as pipeline:
            ingest(pipeline, source, spec, config.split,
                   {side: str(Path(folder, side)) for side in SIDES},
                   str(Path(folder, "quarantine")), str(scratch),
                   config.privacy)
        now: dict[Place, BadRecord] = {
            one.place: one for one in read_records(Path(folder, "quarantine"))}
    return Replay(tuple(one for place, one in before.items() if place not in now),
                  tuple(one for place, one in now.items() if place in before),
                  tuple(one for place, one in now.items() if place not in before))
