"""What the editions of MovieLens differ in, and how those with separated lines are read."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.sources.files.text import LONGEST, lines

Row = tuple[int, dict[str, Any], tuple[str, ...]]
# The end of a title: (1995), or for series (2006-2007), (2016- ).
_YEAR = re.compile(r"\((\d{4})\s?(?:[-–]\s?(?:\d{4})?\s?)?\)\s*$")
_NO_GENRE = "(no genres listed)"


@dataclass(frozen=True)
class Edition:
    """How GroupLens lays out one edition of MovieLens.

    Attributes:
      title: Its name in messages.
      schema: The name of its schema folder.
      folder: The folder in its archive, whose name is that with .zip.
      tables: The file of each table that it has.
      read: Yields a file's rows, given the table: line, values by the schema's column, faults.
      columns: Where files have a header, the file's column for the schema's, by table.
      content: Whether TMDB's posters and plots may be beside it.
    """

    title: str
    schema: str
    folder: str
    tables: Mapping[str, str]
    read: Callable[[str, Path], Iterator[Row]]
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    content: bool = False


def separated(path: Path, separator: str, fields: tuple[str, ...]) -> Iterator[Row]:
    """Yields the lines of a Latin-1 file without a header; empty fields are `None`."""
    with path.open(encoding="latin-1", newline="\n") as file:
        for number, line in enumerate(lines(file), start=1):
            if len(line) > LONGEST:
                yield number, {}, (f"the line has more than {LONGEST:,} characters",)
                continue
            parts = line.rstrip("\r\n").split(separator)
            if len(parts) == len(fields):
                yield number, {k: v.strip() or None for k, v in zip(fields, parts, strict=True)}, ()
            elif line.strip():
                yield number, {}, (f"the line has {len(parts)} fields, expected {len(fields)}",)


def film(row: dict[str, Any]) -> dict[str, Any]:
    """Returns a film's values, where its title ends in the year and "|" separates its genres."""
    year = _YEAR.search(row["title"] or "")
    genres = (row["genres"] or "").split("|")
    return {
        "item_id": row["item_id"],
        "title": row["title"],
        "genres": [genre for genre in genres if genre not in ("", _NO_GENRE)],
        "release_year": year[1] if year else None,
    }
