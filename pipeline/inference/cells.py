"""What the values of one column are: numbers, lists, moments, media, or text."""

import datetime
import decimal
import math
import re
from dataclasses import dataclass, field
from typing import Any

from components.sources.files.options import FileOptions
from schemas.inference.column import BYTES, FLOAT, INT
from schemas.values.lists import list_literal, split_list
from schemas.values.numbers import comma_hint, is_code, number, truth, with_point
from schemas.values.text import is_absent
from schemas.values.times import date_of_digits, to_seconds

_WHOLE = re.compile(r"-?[0-9]{1,400}")
_COMMA = re.compile(r"-?[0-9]+(,[0-9]+)+(\.[0-9]*)?")
_MOSTLY = 0.95  # of the values are numbers, then the column is one of numbers
_FIRST_LOOK = 1_000  # values; where none of them is a number, the column is text
_LISTED = 0.3  # of the values hold the separator
_ALONE = 0.5  # of a list's elements are whole values of other rows, where lists are seldom
_ASKED = 0.01  # of the values hold a separator: worth a question
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
      The values in their type. If a few texts are among numbers, they count as absent and a
      note names one.
    """
    raw = [None if isinstance(value, float) and is_absent(value) else value for value in raw]
    if _are_truths(raw):
        raw = [None if is_absent(value) else value for value in raw]
    there = [value for value in raw if value is not None]
    if any(isinstance(value, dict) for value in there):
        return Cells(BYTES, [None if v is None else [str(v)] for v in raw], notes=[
            "Objects within a row are not read; give their parts columns of their own."])
    if any(isinstance(value, list) for value in there):
        rows = [v if isinstance(v, list) or v is None else [v] for v in raw]
        return _typed(rows, options, listed=True)
    texts = [value for value in there if isinstance(value, str)]
    mark = options.list_separator
    if texts and (_is_list(texts, mark) or _are_literals(texts)):
        rows = [_split(v, mark) if isinstance(v, str) else v and [v] for v in raw]
        return _typed(rows, options, listed=True)
    cells = _typed([None if v is None else [v] for v in raw], options, listed=False)
    if cells.kind == BYTES and texts:
        cells.notes += _advice(texts, options)
    return cells


def _are_truths(raw: list[Any]) -> bool:
    """Returns whether all texts say yes or no, but those that say that there is no value."""
    texts = [value for value in raw if isinstance(value, str) and not is_absent(value)]
    return bool(texts) and all(truth(text) is not None for text in texts)


def _split(text: str, mark: str) -> list[Any] | None:
    try:
        return [str(value) for value in split_list(text, mark)] or None
    except ValueError:
        return None  # ingest leaves such a value out


def _are_literals(texts: list[str]) -> bool:
    """Returns whether most values are lists as Python or JSON write them."""
    looked = texts[:_FIRST_LOOK]
    return sum(_is_literal(text) for text in looked) >= _MOSTLY * len(looked)


def _is_literal(text: str) -> bool:
    try:
        return list_literal(text) is not None
    except ValueError:
        return False


def _is_list(texts: list[str], mark: str) -> bool:
    """Returns whether a mark separates the elements of lists: in many rows, or in a few whose
    elements are whole values of others."""
    split = [text.split(mark) for text in texts if mark in text]
    pieces = [piece.strip() for row in split for piece in row]
    if not split or sum(len(piece.split()) for piece in pieces) > _PIECES * len(pieces):
        return False
    return len(split) >= _LISTED * len(texts) or _are_values(pieces, texts, mark)


def _are_values(pieces: list[str], texts: list[str], mark: str) -> bool:
    """Returns whether most elements of lists are whole values of other rows."""
    whole = {text.strip() for text in texts if mark not in text}
    return sum(piece in whole for piece in pieces) >= _ALONE * len(pieces)


def _typed(rows: list[Any], options: FileOptions, listed: bool) -> Cells:
    flat = [value for row in rows if row for value in row]
    numbers = [_number(value, options.decimal) for value in flat[:_FIRST_LOOK]]
    good = [number for number in numbers if number is not None]
    if good:  # texts are not looked through to the end
        numbers += [_number(value, options.decimal) for value in flat[_FIRST_LOOK:]]
        good = [number for number in numbers if number is not None]
    # Words for an absent value are none to ingest where the column is one of numbers.
    odd = [value for value, parsed in zip(flat, numbers, strict=False)
           if parsed is None and not is_absent(value)]
    if not good or len(odd) > (1 - _MOSTLY) * (len(good) + len(odd)):
        return Cells(BYTES, [[_bytes(v) for v in row] if row else None for row in rows], listed)
    kind = INT if all(isinstance(number, int) for number in good) else FLOAT
    convert = int if kind == INT else float
    stream = iter(numbers)
    values = [[convert(n) for _ in row if (n := next(stream)) is not None] or None
              if row else None for row in rows]
    notes = []
    if odd:
        notes.append(f"{len(odd)} of {len(numbers)} values are no numbers, such as "
                     f"{str(odd[0])[:20]!r}: ingest leaves them out, and in a label or an id "
                     "the row.")
    return Cells(kind, values, listed, notes)


def _number(value: Any, mark: str) -> int | float | None:
    """Returns a number as ingest reads it; those that begin with a needless 0 are codes, and none.

    A word for an absent value is none either.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        text = value.strip() if mark == "." else with_point(value)
        if text is None or is_code(text):
            return None
        value = int(text) if _WHOLE.fullmatch(text) else number(text)
    if isinstance(value, decimal.Decimal) and value.is_finite():  # as warehouses export numbers
        value = int(value) if value == int(value) else float(value)
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _advice(texts: list[str], options: FileOptions) -> list[str]:
    """Returns which option the values seem to need."""
    commas = [text for text in texts if _COMMA.fullmatch(text.strip())]
    hint = comma_hint(commas) if options.decimal == "." else ""
    if hint and len(commas) + sum(number(text) is not None for text in texts) > 0.5 * len(texts):
        return [f"DECIDE: numbers with commas, such as {commas[0][:20]!r}? Then {hint}, and infer "
                "again."]
    for mark in _SEPARATORS:
        if _asks(texts, mark, options.list_separator):
            if mark == options.list_separator:
                held = sum(mark in text for text in texts)
                return [f"DECIDE: {held} of {len(texts)} values hold {mark!r}: are they lists? "
                        "Then give value_count { max: N }, the most values in a row."]
            return [f"DECIDE: lists separated by {mark!r}? Then set list_separator: {mark!r} and "
                    "infer again."]
    return []


def _asks(texts: list[str], mark: str, separator: str) -> bool:
    """Returns whether a person is to be asked about lists that a mark may separate."""
    split = [text.split(mark) for text in texts if mark in text]
    if len(split) < _ASKED * len(texts):
        return False
    if mark == separator:
        pieces = [piece for row in split for piece in row]
        return sum(len(piece.split()) for piece in pieces) <= _PIECES * len(pieces)
    if not _is_list(texts, mark):
        return False
    pieces = [piece.strip() for text in texts for piece in text.split(mark)]
    listed = [piece.strip() for row in split for piece in row]
    return len(set(pieces)) < 0.3 * len(pieces) or _are_values(listed, texts, mark)


def moments(raw: list[Any]) -> tuple[tuple[int, int] | None, bool]:
    """Returns whether a column's values are moments.

    Args:
      raw: The values that are there.

    Returns:
      Earliest and latest in seconds since 1970, or `None`; and whether they are written as dates.
      Numbers are moments from 1990 to 2100 only: smaller ones count something else. One value in
      a hundred may be none: what quarantine takes in a run is no reason to miss a time.
    """
    raw = [value for value in raw if not is_absent(value)]
    if not raw or any(isinstance(value, list | dict | bytes) for value in raw):
        return None, False
    seconds = []
    dates = _is_date(raw[0])
    for value in raw:
        second = to_seconds(value)
        if second is not None and (dates or _FIRST <= second <= _LAST):
            seconds.append(second)
    if len(seconds) < (1 - _FAULTY) * len(raw):
        return None, False
    return (min(seconds), max(seconds)), dates


def _is_date(value: Any) -> bool:
    """Returns whether a moment is written as a date, be it in digits alone, and not as a count."""
    if isinstance(value, datetime.date):
        return True
    number_ = number(value) if isinstance(value, str) else value
    if number_ is None:
        return True
    return isinstance(number_, int | float) and math.isfinite(number_) \
        and date_of_digits(int(number_)) is not None
