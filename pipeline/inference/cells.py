"""What the values of one column are: numbers, lists, moments, media, or text."""

import datetime
import math
import re
from dataclasses import dataclass, field
from typing import Any

from components.catalog_gen.times import to_seconds
from components.sources.files.options import FileOptions
from schemas.inference.column import BYTES, FLOAT, INT

_WHOLE = re.compile(r"-?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"-?\d+,\d+")
_MOSTLY = 0.95  # of the values are numbers, then the column is one of numbers
_FIRST_LOOK = 1_000  # values; where none of them is a number, the column is text
_LISTED = 0.3  # of the values hold the separator
_PIECES = 3.0  # words of a list's element, at most, on average
_SEPARATORS = ("|", ";", ",")
_FAULTY = 0.01  # share of a column's values that may be no moments
_FIRST = 631152000  # 1990 in seconds; smaller numbers are rather counts than moments
_LAST = 4102444800  # 2100
_LARGEST = 2**63 - 1


@dataclass
class Cells:
    """The values of one column, in one type.

    Attributes:
      kind: `"BYTES"`, `"INT"` or `"FLOAT"`.
      values: The values of each row as a list, `None` where there is none.
      listed: A row may hold several.
      notes: What a person should know, one sentence each.
    """

    kind: str
    values: list[list[Any] | None]
    listed: bool = False
    notes: list[str] = field(default_factory=list)


def read_cells(raw: list[Any], options: FileOptions) -> Cells:
    """Finds the type of a column's values.

    Args:
      raw: One value a row, as the file's reader gives them; `None` where there is none.
      options: List separator and decimal mark of text files.

    Returns:
      The values in their type. Where a few texts stand among numbers, they count as absent and a
      note names one.
    """
    there = [value for value in raw if value is not None]
    if any(isinstance(value, dict) for value in there):
        return Cells(BYTES, [None if v is None else [str(v)] for v in raw], notes=[
            "Objects within a row are not read; give their parts columns of their own."])
    if any(isinstance(value, list) for value in there):
        rows = [v if isinstance(v, list) or v is None else [v] for v in raw]
        return _typed(rows, options, listed=True)
    texts = [value for value in there if isinstance(value, str)]
    if texts and _is_list(texts, options.list_separator):
        mark = options.list_separator
        rows = [[p for p in v.split(mark) if p] if isinstance(v, str) else v and [v] for v in raw]
        return _typed(rows, options, listed=True)
    cells = _typed([None if v is None else [v] for v in raw], options, listed=False)
    if cells.kind == BYTES and texts:
        cells.notes += _advice(texts, options)
    return cells


def _is_list(texts: list[str], mark: str) -> bool:
    split = [text.split(mark) for text in texts if mark in text]
    if len(split) < _LISTED * len(texts):
        return False
    pieces = [piece for row in split for piece in row]
    return sum(len(piece.split()) for piece in pieces) <= _PIECES * len(pieces)


def _typed(rows: list[Any], options: FileOptions, listed: bool) -> Cells:
    flat = [value for row in rows if row for value in row]
    numbers = [_number(value, options.decimal) for value in flat[:_FIRST_LOOK]]
    good = [number for number in numbers if number is not None]
    if good:  # texts are not looked through to the end
        numbers += [_number(value, options.decimal) for value in flat[_FIRST_LOOK:]]
        good = [number for number in numbers if number is not None]
    if not good or len(good) < _MOSTLY * len(numbers):
        return Cells(BYTES, [[_bytes(v) for v in row] if row else None for row in rows], listed)
    kind = INT if all(isinstance(number, int) for number in good) else FLOAT
    convert = int if kind == INT else float
    stream = iter(numbers)
    values = [[convert(n) for _ in row if (n := next(stream)) is not None] or None
              if row else None for row in rows]
    notes = []
    if len(good) < len(numbers):
        odd = next(v for v, n in zip(flat, numbers, strict=True) if n is None)
        notes.append(f"{len(numbers) - len(good)} of {len(numbers)} values are no numbers, such as "
                     f"{str(odd)[:20]!r}: ingest leaves them out, and in a label or an id the row.")
    return Cells(kind, values, listed, notes)


def _number(value: Any, decimal: str) -> int | float | None:
    """Returns a number; whole ones that start with 0 are codes, and none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text):
            value = int(text)
        else:
            if decimal == ",":
                text = text.replace(".", "").replace(",", ".")
            code = re.match(r"[+-]?0\d", text) or text.startswith("+")
            value = float(text) if _DECIMAL.fullmatch(text) and not code else None
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _advice(texts: list[str], options: FileOptions) -> list[str]:
    """Says which option the values seem to need."""
    if options.decimal == "." and sum(bool(_COMMA.fullmatch(t)) for t in texts) > 0.5 * len(texts):
        return [f"DECIDE: numbers with decimal commas, such as {texts[0][:20]!r}? Then set "
                "decimal: ',' and infer again."]
    for mark in _SEPARATORS:
        pieces = [piece for text in texts for piece in text.split(mark)]
        again = len({piece.strip() for piece in pieces}) < 0.3 * len(pieces)
        if mark != options.list_separator and again and _is_list(texts, mark):
            return [f"DECIDE: lists separated by {mark!r}? Then set list_separator: {mark!r} and "
                    "infer again."]
    return []


def moments(raw: list[Any]) -> tuple[tuple[int, int] | None, bool]:
    """Tells whether a column's values are moments.

    Args:
      raw: The values that are there.

    Returns:
      Earliest and latest in seconds since 1970, or `None`; and whether they are written as dates.
      Numbers are moments from 1990 to 2100 only: smaller ones count something else. One value in
      a hundred may be none: what quarantine takes in a run is no reason to miss a time.
    """
    if not raw or any(isinstance(value, list | dict | bytes) for value in raw):
        return None, False
    found = []
    dates = isinstance(raw[0], datetime.date) or (
        isinstance(raw[0], str) and not _DECIMAL.fullmatch(raw[0].strip()))
    for value in raw:
        second = to_seconds(value)
        if second is not None and (dates or _FIRST <= second <= _LAST):
            found.append(second)
    if len(found) < (1 - _FAULTY) * len(raw):
        return None, False
    return (min(found), max(found)), dates
