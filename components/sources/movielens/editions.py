"""The editions of MovieLens: what they differ in, and how each is read.

The READMEs in GroupLens' archives describe the files. MovieLens-latest-small has nothing of its
users but their ids.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.sources.base import Fault
from components.sources.files.delimited import csv_rows
from components.sources.files.text import LONGEST, Layout, lines

Row = tuple[int, dict[str, Any], tuple[Fault, ...]]
# The end of a title: (1995), or for series (2006-2007), (2016- ).
_YEAR = re.compile(r"\((\d{4})\s?(?:[-–]\s?(?:\d{4})?\s?)?\)\s*$")
_NO_GENRE = "(no genres listed)"
_FIELDS_100K = {
    "users": ("user_id", "age", "gender", "occupation", "zip_code"),
    "interactions": ("user_id", "item_id", "rating", "timestamp"),
}
_SEPARATORS = {"users": "|", "interactions": "\t"}
_ITEM_FIELDS = ("item_id", "title", "release_date", "video_release_date", "imdb_url")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The order of the flags in u.item, as u.genre gives it; the first, "unknown", is no genre.
_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)
_FIELDS_1M = {
    "users": ("user_id", "gender", "age_group", "occupation", "zip_code"),
    "items": ("item_id", "title", "genres"),
    "interactions": ("user_id", "item_id", "rating", "timestamp"),
}
_AGES = {
    "1": "Under 18", "18": "18-24", "25": "25-34", "35": "35-44", "45": "45-49", "50": "50-55",
    "56": "56+",
}
_OCCUPATIONS = dict(enumerate((
    "other or not specified", "academic/educator", "artist", "clerical/admin",
    "college/grad student", "customer service", "doctor/health care", "executive/managerial",
    "farmer", "homemaker", "K-12 student", "lawyer", "programmer", "retired", "sales/marketing",
    "scientist", "self-employed", "technician/engineer", "tradesman/craftsman", "unemployed",
    "writer",
)))
_CODES = {"age_group": _AGES, "occupation": {str(k): v for k, v in _OCCUPATIONS.items()}}
_TABLES = {"items": "movies.csv", "interactions": "ratings.csv"}
_COLUMNS = {
    "items": {"item_id": "movieId", "title": "title", "genres": "genres"},
    "interactions": {"user_id": "userId", "item_id": "movieId", "rating": "rating",
                     "timestamp": "timestamp"},
}
CSV = Layout()


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
                yield number, {}, (Fault(f"the line has more than {LONGEST:,} characters"),)
                continue
            parts = line.rstrip("\r\n").split(separator)
            if len(parts) == len(fields):
                yield number, {k: v.strip() or None for k, v in zip(fields, parts, strict=True)}, ()
            elif line.strip():
                yield number, {}, (Fault(
                    f"the line has {len(parts)} fields, expected {len(fields)}"),)


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


def _read_100k(side: str, path: Path) -> Iterator[Row]:
    if side != "items":
        yield from separated(path, _SEPARATORS[side], _FIELDS_100K[side])
        return
    for line, row, faults in separated(path, "|", _ITEM_FIELDS + _GENRES):
        values = {
            "item_id": row["item_id"],
            "title": row["title"],
            "genres": [genre for genre in _GENRES[1:] if row[genre] == "1"],
            "release_date": _year(row["release_date"]),
        } if row else {}
        yield line, values, faults


def _year(date: str | None) -> str | None:
    """Returns a date such as 14-Mar-1997 as a year with a fraction; what is none, as it is."""
    parts = (date or "").split("-")
    if len(parts) != 3 or parts[1] not in _MONTHS or not (parts[0] + parts[2]).isdecimal():
        return date
    day, month, year = parts
    passed = _MONTHS.index(month) + (int(day) - 1) / 31
    return f"{int(year) + passed / 12:.3f}"


ML_100K = Edition(
    title="MovieLens-100K", schema="movielens", folder="ml-100k", read=_read_100k, content=True,
    tables={"users": "u.user", "items": "u.item", "interactions": "u.data"},
)


def _read_1m(side: str, path: Path) -> Iterator[Row]:
    for line, row, faults in separated(path, "::", _FIELDS_1M[side]):
        if row and side == "items":
            yield line, film(row), faults
        elif row and side == "users":
            yield line, *_viewer(row)
        else:
            yield line, row, faults


def _viewer(row: dict[str, Any]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Returns a viewer with words for codes, and what codes are unknown."""
    values, faults = dict(row), []
    for column, words in _CODES.items():
        code = row[column]
        values[column] = words.get(code)
        if code is not None and code not in words:
            faults.append(Fault(f"{column} {code!r} is no code of MovieLens-1M; known: "
                                f"{', '.join(words)}", column))
    return values, tuple(faults)


ML_1M = Edition(
    title="MovieLens-1M", schema="movielens-1m", folder="ml-1m", read=_read_1m,
    tables={"users": "users.dat", "items": "movies.dat", "interactions": "ratings.dat"},
)


def _read_latest_small(side: str, path: Path) -> Iterator[Row]:
    for line, row, faults in csv_rows(path, CSV):
        values = {ours: row[theirs].strip() or None for ours, theirs in _COLUMNS[side].items()
                  } if row else {}
        yield line, film(values) if values and side == "items" else values, faults


ML_LATEST_SMALL = Edition(
    title="MovieLens-latest-small", schema="movielens-latest-small", folder="ml-latest-small",
    read=_read_latest_small, tables=_TABLES, columns=_COLUMNS,
)
