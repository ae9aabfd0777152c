"""Daily folders of a dataset, `2026-11-21/` and so on: the newest one, and those before it."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from components.sources.base import Record, Source
from schemas.errors import InputError

_NAME = re.compile(r"\d{4}-\d\d-\d\d")
_SHOWN = 31  # of the names in a message


def _day(name: str) -> str:
    if not is_day(name):
        raise ValueError("expected a day such as 2026-11-21")
    return name


def is_day(name: str) -> bool:
    """Returns whether a name is that of a day, such as `2026-11-21`."""
    try:
        return bool(_NAME.fullmatch(name) and datetime.date.fromisoformat(name))
    except ValueError:
        return False


# YAML makes a date of 2026-11-21.
Day = Annotated[str, BeforeValidator(
    lambda given: given.isoformat() if isinstance(given, datetime.date) else given),
    AfterValidator(_day)]


class Spans(BaseModel):
    """Which spans of a folder are read.

    Attributes:
      last: How many, or all that there are if they are fewer.
      until: The last one of them; the newest of the folder where `None`.

    Example:
      `Spans(last=7, until="2026-11-21")` is the week that ends with that day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    last: Annotated[int, Field(strict=True, gt=0, lt=2**31)] = 1
    until: Day | None = None

    def names(self, folder: Path) -> list[str]:
        """Returns the names of the spans in a dataset's folder, the oldest first.

        Returns:
          No name if the folder has no spans and none are asked for.

        Raises:
          InputError: Spans are asked for that are not there, or one leads out of the folder.
        """
        there = span_names(folder)
        if not there and self != Spans():
            raise InputError("no-spans",
                             f"Spans are asked for (last: {self.last}, until: "
                             f"{self.until or 'the newest'}), and folder {folder} has none. A span "
                             "is a folder named by its day, such as 2026-11-21. Leave 'spans' and "
                             "--span out to read the folder itself.")
        if self.until is not None and self.until not in there:
            raise InputError("unknown-span", f"Folder {folder} has no span {self.until}. "
                                             f"It has: {listing(there)}.")
        chosen = [name for name in there if name <= (self.until or there[-1])][-self.last:]
        for name in chosen:
            if not (folder / name).resolve().is_relative_to(folder.resolve()):
                raise InputError("span-leaves-folder", f"The span {folder / name} is a link that "
                                 "leads out of the data folder. Put the files themselves there.")
        return chosen


def span_names(folder: Path) -> list[str]:
    """Returns the names of all spans in a dataset's folder, the oldest first.

    What is named by no day is none, so that a delivery may be written as `2026-11-21.part` and
    renamed when it is whole.
    """
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if is_day(path.name) and path.is_dir())


def listing(names: list[str]) -> str:
    """Returns names as a part of a message, the newest ones if they are many."""
    more = len(names) - _SHOWN
    return (f"{more} older ones, " if more > 0 else "") + ", ".join(names[-_SHOWN:])


@dataclass(frozen=True)
class SpanSource:
    """The users and the items of the newest span, and the events of all.

    Attributes:
      data_dir: The folder of the spans.
      spans: Name and source of each, the oldest first. A shard's name begins with its span's.
    """

    data_dir: str
    spans: tuple[tuple[str, Source], ...]

    def has_table(self, side: str) -> bool:
        """Returns whether the newest span has such a table."""
        return self.spans[-1][1].has_table(side)

    def files(self) -> list[Path]:
        """Returns the files of all spans."""
        return [path for _, source in self.spans for path in source.files()]

    def shards(self, side: str) -> list[str]:
        """Returns the parts of a table, the oldest span's first."""
        spans = self.spans if side == "interactions" else self.spans[-1:]
        return [f"{name}/{shard}" for name, source in spans for shard in source.shards(side)]

    def records(self, side: str, shard: str) -> Iterator[Record]:
        """Yields the rows of one part."""
        name, _, inner = shard.partition("/")
        for one in dict(self.spans)[name].records(side, inner):
            yield Record(one.values, f"{name}/{one.source}", one.line, one.faults)


def events_alone(files: dict[str, Any] | None) -> dict[str, Any] | None:
    """Returns what a configuration says of a user's own files, without users and items.

    Args:
      files: See `components.sources.open_source`; `None` of a dataset that is no user's own.
    """
    return files and {**files, "options": {**files["options"], "users": None, "items": None}}
