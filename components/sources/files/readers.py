"""Rows of one file, in a streaming way: number, values by the file's column, faults.

The names of columns come without surrounding whitespace.
"""

import csv
import json
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from components.sources.files.options import FileOptions
from components.sources.files.parquet import parquet_columns, parquet_length, parquet_rows
from components.sources.files.text import first_lines, has_unknown_bytes, open_text, reading
from schemas.errors import InputError

Row = tuple[int, dict[str, Any], tuple[str, ...]]
_SEPARATORS = (",", ";", "\t", "|")
_LONGEST_FIELD = 1 << 24  # characters; Python's own limit is 131072
_OBJECTS = 1000  # JSON objects that are asked for their keys


def csv_columns(path: Path, options: FileOptions) -> list[str]:
    """Returns the header of a CSV file.

    Raises:
      InputError: The file is empty, or its delimiter or encoding is another one.
    """
    start = first_lines(path, options.encoding)
    try:
        header = next(_reader(iter(start), options))
    except csv.Error as error:
        raise InputError(f"File {path}: the first line is no CSV ({error}). It must name the "
                         "columns.") from error
    if not any(name.strip() for name in header):
        raise InputError(f"File {path} starts with an empty line. Its first line must name the "
                         "columns.")
    if any(has_unknown_bytes(name) for name in header):
        raise InputError(f"File {path}: the names of its columns are no text in "
                         f"{options.encoding}. Set 'encoding' (perhaps latin-1), or save it as "
                         "UTF-8.")
    if len(header) == 1:
        others = [mark for mark in _SEPARATORS
                  if mark != options.delimiter and mark in header[0]]
        if others:
            raise InputError(
                f"File {path} has one column only, {header[0]!r}, with the delimiter "
                f"{options.delimiter!r}. Set 'delimiter' to {others[0]!r}?"
            )
    return [name.strip() for name in header]


def csv_rows(path: Path, options: FileOptions) -> Iterator[Row]:
    """Yields the rows of a CSV file; quoted fields may hold delimiters and newlines."""
    header = csv_columns(path, options)
    with reading(path) as place, open_text(path, options.encoding) as file:
        lines = _Lines(file)
        rows = _reader(lines, options)
        next(rows)
        while True:
            lines.forget()
            line = lines.number + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                lines.give_back()
                yield line, {}, (f"the line is no CSV ({error})",)
                continue
            finally:
                place.line = lines.number
            if len(row) == len(header):
                yield line, dict(zip(header, row, strict=True)), ()
            elif row:
                yield line, {}, (f"the line has {len(row)} fields, expected {len(header)}",)


def json_columns(path: Path, options: FileOptions) -> list[str]:
    """Returns the keys of the first objects of a file of JSON lines.

    Raises:
      InputError: The file is empty, of another encoding, or its first lines hold no object.
    """
    first_lines(path, options.encoding)
    keys: dict[str, None] = {}
    fault = ""
    for line, row, faults in islice(json_rows(path, options), _OBJECTS):
        keys.update(dict.fromkeys(row))
        fault = fault or "".join(f"line {line}: {reason}" for reason in faults)
    if not keys:
        raise InputError(f"File {path} has no JSON objects ({fault}). Expected one a line.")
    return list(keys)


def json_rows(path: Path, options: FileOptions) -> Iterator[Row]:
    """Yields the objects of a file of JSON lines."""
    with reading(path) as place, open_text(path, options.encoding) as lines:
        for line, text in enumerate(lines, start=1):
            place.line = line
            text = text.lstrip("\ufeff").strip()
            if not text:
                continue
            try:
                row = json.loads(text, object_pairs_hook=_unique)
            except (ValueError, RecursionError) as error:
                yield line, {}, (f"the line is no JSON ({error})",)
                continue
            if isinstance(row, dict):
                yield line, row, ()
            else:
                yield line, {}, ("the line is no JSON object",)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = {name.strip(): value for name, value in pairs}
    if len(row) < len(pairs):
        names = [name.strip() for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has the key {twice!r} twice")
    return row


def _reader(lines: Iterator[str], options: FileOptions) -> Any:
    csv.field_size_limit(_LONGEST_FIELD)
    # Strict: a stray quote is a fault of its line, and swallows none of those that follow.
    return csv.reader(lines, delimiter=options.delimiter, strict=True,
                      skipinitialspace=options.delimiter != " ")


class _Lines:
    """Lines of a CSV file, of which those of the last record can be read once more.

    A quote that is opened and never closed spans lines up to the next quote or the file's end;
    giving them back makes it cost its own line only.
    """

    def __init__(self, lines: Iterator[str]):
        self.number = 0
        self._lines = lines
        self._again: deque[str] = deque()
        self._record: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        # utf-16-le and the like keep the byte-order mark.
        line = line if self.number else line.lstrip("\ufeff")
        self._record.append(line)
        self.number += 1
        return line

    def forget(self) -> None:
        """Starts the next record."""
        self._record.clear()

    def give_back(self) -> None:
        """Puts all lines of the record but the first before those that are still unread."""
        self._again.extendleft(reversed(self._record[1:]))
        self.number -= len(self._record) - 1


def has_rows(path: Path, file_format: str, options: FileOptions) -> bool:
    """Tells whether a file holds a row, good or not."""
    if file_format == "parquet":
        return parquet_length(path) > 0
    return next(FORMATS[file_format][1](path, options), None) is not None


FORMATS: dict[str, Any] = {
    "csv": (csv_columns, csv_rows),
    "parquet": (parquet_columns, parquet_rows),
    "jsonl": (json_columns, json_rows),
}
# Formats whose rows name their own columns: an absent key is an absent value.
WITHOUT_HEADER = frozenset({"jsonl"})
