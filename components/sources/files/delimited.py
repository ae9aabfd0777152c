"""Rows of a CSV file: fields between delimiters, quoted or not."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from components.sources.base import Fault
from components.sources.files.header import is_header, is_row
from components.sources.files.quotes import Merged
from components.sources.files.text import (
    LONGEST,
    Layout,
    first_lines,
    has_unknown_bytes,
    lines,
    open_text,
    reading,
)
from schemas.errors import InputError

Row = tuple[int, dict[str, Any], tuple[Fault, ...]]
_SEPARATORS = (",", ";", "\t", "|")
_EXCEL = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)
_JSON = re.compile(r'\s*(\{\s*"|\[\s*\{)')
_LOOKED_AT = 500  # rows whose values are looked at
_NO_CSV = "the line is no CSV"
_PLAIN = "; where quotes are plain characters, set quoting: none"
_ESCAPED = "; where a backslash is before a quote within a field, set quoting: backslash"


@dataclass(frozen=True)
class _Head:
    """What the start of a file says.

    Attributes:
      names: The columns.
      layout: The table's, with the delimiter that the file itself names.
      skipped: Lines before the columns' names or, without these, before the first row.
      first: The fields of the first line.
      rows: Some rows below it, each with as many fields.
      start: The lines that were read.
    """

    names: list[str]
    layout: Layout
    skipped: int
    first: list[str]
    rows: list[list[str]]
    start: list[str]


def csv_columns(path: Path, layout: Layout) -> list[str]:
    """Returns the names of a CSV file's columns.

    Raises:
      InputError: The file is empty, or its delimiter or encoding is another one.
    """
    return _head(path, layout).names


def csv_rows(path: Path, layout: Layout) -> Iterator[Row]:
    """Yields the rows of a CSV file; quoted fields may hold delimiters and newlines."""
    head = _head(path, layout)
    merged = Merged(head.start, head.rows, len(head.names), head.layout)
    with reading(path) as place, open_text(path, layout.encoding) as file:
        numbered = _Lines(lines(file))
        for _ in range(head.skipped):
            next(numbered)
        rows = _reader(numbered, head.layout)
        if layout.header:
            next(rows)
        while True:
            numbered.forget()
            line = numbered.number + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                numbered.give_back()
                advice = _advice(numbered.record[0], layout)
                yield line, {}, (Fault(f"{_NO_CSV} ({error}{advice})"),)
                continue
            finally:
                place.line = numbered.number
            if len(numbered.record) > 1 and merged(numbered.record):
                last = numbered.number
                numbered.give_back()
                yield line, {}, (Fault(
                    f"{_NO_CSV} (its quote is closed in line {last} only, behind "
                    f"rows{_advice(numbered.record[0], layout)})"),)
            elif len(row) == len(head.names):
                yield line, dict(zip(head.names, row, strict=True)), ()
            elif row:
                yield line, {}, (Fault(
                    f"the line has {len(row)} fields, expected {len(head.names)}"),)


def _advice(line: str, layout: Layout) -> str:
    """Returns which quoting a line that is no CSV may have."""
    if '\\"' in line and not layout.backslash:
        return _ESCAPED
    return _PLAIN if '"' in line else ""


def without_header(path: Path, layout: Layout, side: str) -> InputError | None:
    """Returns the error of a file whose first line is a row, where it looks like one."""
    head = _head(path, layout)
    if not layout.header or not is_row(head.first, head.rows):
        return None
    return InputError(
        "no-header",
        f"File {path} has no line that names its columns: its first line "
        f"({layout.shown(head.first)}) is like the rows below. Say by position which column is "
        f"which, as in source.{side}.columns: "
        "{user_id: 1, item_id: 2}, or add a line of names.")


def _head(path: Path, layout: Layout) -> _Head:
    start = first_lines(path, layout.encoding)
    if _JSON.match("".join(start[:2])):
        raise InputError("json-as-csv", f"File {path} is JSON, no CSV. Set 'dataset' to jsonl.")
    excel = _EXCEL.fullmatch(start[0])
    if excel:
        layout, start = replace(layout, delimiter=excel[1]), start[1:]
    if not start:
        raise InputError("empty-csv", f"File {path} is empty. Give one with rows, or leave it out.")
    if len(start[0]) > LONGEST:
        raise InputError("header-too-long",
                         f"File {path}: the first line has more than {LONGEST:,} characters. It "
                         "must name the columns.")
    first = _first_line(path, start, layout)
    rows = _rows(start[1:], layout, len(first))
    if not layout.header:
        if is_header(first, rows):
            raise InputError(
                "header-with-positions",
                f"File {path}: its first line names the columns "
                f"({layout.shown(first)}), and 'columns' has positions, which are for files "
                "without such a line. Give these names.")
        names = [str(number) for number in range(1, len(first) + 1)]
    else:
        names = [name.strip() for name in first]
    return _Head(names, layout, int(bool(excel)), first, rows, start)


def _first_line(path: Path, start: list[str], layout: Layout) -> list[str]:
    try:
        first = next(_reader(iter(start), layout))
    except csv.Error as error:
        raise InputError("header-not-csv",
                         f"File {path}: the first line is no CSV ({error}). It must name the "
                         "columns.") from error
    if not any(name.strip() for name in first):
        raise InputError("header-empty",
                         f"File {path} starts with an empty line. Its first line must name the "
                         "columns.")
    if layout.header and any(has_unknown_bytes(name) for name in first):
        raise InputError("header-encoding",
                         f"File {path}: the names of its columns are no text in "
                         f"{layout.encoding}. Set 'encoding' (perhaps latin-1), or save it as "
                         "UTF-8.")
    if len(first) == 1:
        others = [mark for mark in _SEPARATORS if mark != layout.delimiter and mark in first[0]]
        if others:
            raise InputError(
                "wrong-delimiter",
                f"File {path} has one column only, {layout.shown(first)!r}, with the delimiter "
                f"{layout.delimiter!r}. Set 'delimiter' to {others[0]!r}?"
            )
    return first


def _rows(start: list[str], layout: Layout, width: int) -> list[list[str]]:
    """Returns some rows with as many fields as the first line."""
    rows: list[list[str]] = []
    reader = _reader(iter(start), layout)
    while len(rows) < _LOOKED_AT:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            continue
        if len(row) == width:
            rows.append(row)
    return rows


def _reader(lines: Iterator[str], layout: Layout) -> Any:
    csv.field_size_limit(LONGEST)
    escape = None
    if layout.backslash:
        escape = "\\"
        mark = re.escape(layout.delimiter)
        absent = re.compile(rf"(?<![^{mark}])\\N(?=[{mark}\r\n]|$)")
        # No value, rather than an escaped N. (A generator would end with the first long line.)
        lines = map(partial(absent.sub, ""), lines)
    # Strict: a stray quote is a fault of its line, and swallows none of those that follow.
    return csv.reader(lines, delimiter=layout.delimiter, strict=True,
                      quoting=csv.QUOTE_MINIMAL if layout.quotes else csv.QUOTE_NONE,
                      escapechar=escape, skipinitialspace=layout.delimiter != " ")


class _Lines:
    """Lines of a CSV file, of which those of the last record can be read once more.

    A quote that is opened and never closed spans lines up to the next quote or the file's end;
    giving them back makes it cost its own line only.

    Attributes:
      number: How many were read.
      record: Those of the last record.
    """

    def __init__(self, lines: Iterator[str]):
        self.number = 0
        self.record: list[str] = []
        self._lines = lines
        self._again: deque[str] = deque()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        # utf-16-le and the like keep the byte-order mark.
        line = line if self.number else line.lstrip("\ufeff")
        self.record.append(line)
        self.number += 1
        if len(line) > LONGEST:
            raise csv.Error(f"it has more than {LONGEST:,} characters")
        return line

    def forget(self) -> None:
        """Starts the next record."""
        self.record.clear()

    def give_back(self) -> None:
        """Puts all lines of the record but the first before those that are still unread."""
        self._again.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1
