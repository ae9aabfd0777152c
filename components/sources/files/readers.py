"""Rows of one file, in a streaming way: number, values by the file's column, faults.

The names of columns come without surrounding whitespace.
"""

import json
import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path, PurePath
from typing import IO, Any
from urllib.parse import unquote

from components.sources.base import Fault
from components.sources.files.delimited import Row, csv_columns, csv_rows
from components.sources.files.parquet import parquet_columns, parquet_length, parquet_rows
from components.sources.files.text import LONGEST, Layout, first_lines, lines, open_text, reading
from schemas.errors import InputError
from schemas.values.text import NOT_SHOWN

_FOLDER = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_ABSENT = "__HIVE_DEFAULT_PARTITION__"
_BLOCK = 1 << 16
_ARRAY = re.compile(r"\ufeff?\s*\[\s*\{")
_PLAIN = re.compile(r'[\[\]{}",]')
_QUOTED = re.compile(r'\\.|"', re.DOTALL)
_START = 1 << 12
_OBJECTS = 1000  # JSON objects that are asked for their keys


def partitions(shard: str) -> dict[str, str | None]:
    """Returns what the folders of a file say of all its rows.

    Args:
      shard: The file's path from the data folder.

    Returns:
      Values by column, `None` for an absent one.

    Example:
      `partitions("sales/day=2024-05-01/part-0.csv")` is `{"day": "2024-05-01"}`.
    """
    folders = (_FOLDER.fullmatch(part) for part in PurePath(shard).parent.parts)
    values = {unquote(one[1]).strip(): unquote(one[2]) for one in folders if one}
    return {name: None if value == _ABSENT else value for name, value in values.items()}


def without_personal(shard: str, personal: Collection[str], number: int) -> str:
    """Returns a file's path for people, in which folders give no personal values away.

    Args:
      shard: The file's path from the data folder.
      personal: The columns of which no value is shown.
      number: What distinguishes the file from others, in the place of the values.

    Example:
      `without_personal("who=Ann/part-0.csv", ["who"], 3)` is
      `"who=(personal, not shown) 3/part-0.csv"`.
    """
    parts = list(PurePath(shard).parts)
    for place, part in enumerate(parts[:-1]):
        one = _FOLDER.fullmatch(part)
        if one and unquote(one[1]).strip() in personal:
            parts[place] = f"{one[1]}={NOT_SHOWN} {number}"
    return str(PurePath(*parts))


def is_array(start: str) -> bool:
    """Returns whether a text begins like an array of objects, which lines of JSON do not."""
    return bool(_ARRAY.match(start))


def elements(file: IO[str]) -> Iterator[tuple[int, str]]:
    """Yields the elements of the arrays of a text.

    Args:
      file: One array or several, one behind the other.

    Yields:
      The line in which an element begins, and its text. Of one longer than `LONGEST` characters,
      one character more than these is yielded.

    Raises:
      EOFError: The text ends within an array.
    """
    waiting, depth, quoted = _Waiting(), 0, False
    while block := file.read(_BLOCK):
        if block.endswith("\\"):
            block += file.read(1)
        start = place = 0
        while match := (_QUOTED if quoted else _PLAIN).search(block, place):
            mark, place = match[0], match.end()
            if mark == '"':
                quoted = not quoted
            ends = (mark in ",]" and depth == 1) or (mark == "[" and depth == 0)
            if ends and not quoted:
                waiting.add(block[start:place - 1])
                yield from waiting.take()
                start = place
            if not quoted and mark in "[{":
                depth += 1
            elif not quoted and mark in "]}":
                depth = max(depth - 1, 0)
        waiting.add(block[start:])
    if depth or quoted:
        raise EOFError("the file ends within an array")
    yield from waiting.take()


class _Waiting:
    """The text of an element that has not ended."""

    def __init__(self) -> None:
        self._line = self._begin = 1
        self._parts: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        """Adds a piece, of which what is too long is counted and not kept."""
        piece = text if self._size else text.lstrip()
        if not self._size:
            self._begin = self._line + text.count("\n", 0, len(text) - len(piece))
        self._line += text.count("\n")
        self._parts.append(piece[:max(LONGEST + 1 - self._size, 0)])
        self._size += len(piece)

    def take(self) -> Iterator[tuple[int, str]]:
        """Yields line and text, where there is more than whitespace, and starts afresh."""
        text = "".join(self._parts).rstrip()
        self._parts, self._size = [], 0
        if text:
            yield self._begin, text


def json_columns(path: Path, layout: Layout) -> list[str]:
    """Returns the keys of the first objects of a file of JSON lines.

    Raises:
      InputError: The file is empty, of another encoding, or its first lines hold no object.
    """
    first_lines(path, layout.encoding)
    keys: dict[str, None] = {}
    fault = ""
    for line, row, faults in islice(json_rows(path, layout), _OBJECTS):
        keys.update(dict.fromkeys(row))
        fault = fault or "".join(f"line {line}: {one.reason}" for one in faults)
    if not keys:
        raise InputError("not-json-objects",
                         f"File {path} has no JSON objects ({fault}). Expected one a line, "
                         "or one array of them.")
    return list(keys)


def json_rows(path: Path, layout: Layout) -> Iterator[Row]:
    """Yields the objects of a file of JSON lines, or of one JSON array."""
    with reading(path), open_text(path, layout.encoding) as file:
        array = is_array(file.read(_START))
    what = "element" if array else "line"
    with reading(path) as place, open_text(path, layout.encoding) as file:
        for line, text in elements(file) if array else enumerate(lines(file), start=1):
            place.line = line
            text = text.lstrip("\ufeff").strip()
            if not text:
                continue
            if len(text) > LONGEST:
                yield line, {}, (Fault(f"the {what} is no JSON (it has more than {LONGEST:,} "
                                       "characters)"),)
                continue
            try:
                row = json.loads(text, object_pairs_hook=_unique)
            except (ValueError, RecursionError) as error:
                yield line, {}, (Fault(f"the {what} is no JSON ({error})"),)
                continue
            if isinstance(row, dict):
                yield line, row, ()
            else:
                yield line, {}, (Fault(f"the {what} is no JSON object"),)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = {name.strip(): value for name, value in pairs}
    if len(row) < len(pairs):
        names = [name.strip() for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has the key {twice!r} twice")
    return row


def table_columns(file_format: str, root: Path, shard: str, layout: Layout) -> list[str]:
    """Returns the columns of one file of a table, those that its folders name among them.

    Args:
      file_format: A key of `FORMATS`.
      root: The data folder.
      shard: The file's path from there.
      layout: The table's.

    Raises:
      InputError: The file is empty, or of another format, delimiter or encoding.
    """
    names = FORMATS[file_format][0](root / shard, layout)
    return names + [name for name in partitions(shard) if name not in names]


def table_rows(file_format: str, root: Path, shard: str, layout: Layout) -> Iterator[Row]:
    """Yields the rows of one file of a table; what its folders say is in each of them.

    Args:
      file_format: A key of `FORMATS`.
      root: The data folder.
      shard: The file's path from there.
      layout: The table's.
    """
    folders = partitions(shard)
    for line, row, faults in FORMATS[file_format][1](root / shard, layout):
        yield line, {**folders, **row} if folders and row else row, faults


def has_rows(path: Path, file_format: str, layout: Layout) -> bool:
    """Returns whether a file holds a row, good or not."""
    if file_format == "parquet":
        return parquet_length(path) > 0
    return next(FORMATS[file_format][1](path, layout), None) is not None


FORMATS: dict[str, Any] = {
    "csv": (csv_columns, csv_rows),
    "parquet": (parquet_columns, parquet_rows),
    "jsonl": (json_columns, json_rows),
}
# Formats whose rows name their own columns: an absent key is an absent value.
WITHOUT_HEADER = frozenset({"jsonl"})
