"""One value of a user's file: what it is as text, where a medium is, and what cannot be one."""

import datetime
import decimal
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.values.lists import split_list
from schemas.values.numbers import truth, with_point
from schemas.values.text import NOT_SHOWN, SQL_NULL, is_absent, shown

_SHOWN = 60  # characters of a faulty value that a reason quotes
_NESTED = (dict, list, tuple, set)


class ValueFault(Exception):
    """Why a value cannot be used, as the end of a sentence that starts with its column."""


@dataclass(frozen=True)
class Unreadable:
    """Stands for a value that its file holds and that could not be read.

    Attributes:
      reason: Why, in a few words.
    """

    reason: str


def check_value(value: Any, encoding: str) -> None:
    """Refuses what can be no value of a table's column.

    Args:
      value: A value as read; of a list, one of its values.
      encoding: The file's encoding, for messages.

    Raises:
      ValueFault: The value is nested, could not be read, or holds characters that do not exist.
    """
    if isinstance(value, str):
        if not value.isascii():
            _check_characters(value, encoding)
        return
    if isinstance(value, Unreadable):
        raise ValueFault(f"the value cannot be read ({value.reason})")
    if isinstance(value, _NESTED):
        kind = "an object" if isinstance(value, dict) else "a list"
        raise ValueFault(f"the value is {kind}, expected a single text or number")


def as_text(value: Any, encoding: str) -> str | None:
    """Writes a value as a text file would hold it.

    A whole number has no `.0`, whatever its type: a table in which one number is missing often
    comes as decimals, and its ids must still meet those of the other tables.

    Args:
      value: A text, a number, a truth value, a date, or UTF-8 bytes.
      encoding: The file's encoding, for messages.

    Returns:
      The text, or `None` where there is nothing but whitespace, `\\N`, or NaN as in a table of
      decimals that lacks a number.

    Raises:
      ValueFault: The value is no text and no finite number.
    """
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise ValueFault(f"the bytes are no UTF-8 ({error.reason})") from error
    check_value(value, encoding)
    if isinstance(value, str):
        return None if value.strip() in ("", SQL_NULL) else value
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | decimal.Decimal):
        if math.isnan(value):
            return None
        if math.isinf(value):
            raise ValueFault(f"{value} is no text and no finite number")
        return str(int(value)) if value == int(value) else str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def as_list(text: str, separator: str, pii: bool) -> list[Any]:
    """Splits a field into its values, as `split_list`.

    Args:
      text: The field.
      separator: What is between two values.
      pii: The values are personal, and no message shows them.

    Raises:
      ValueFault: The field begins like a list and is none.
    """
    try:
        return split_list(text, separator)
    except ValueError as error:
        raise ValueFault(f"the value {_shown(text, pii)} is no list: {error}") from error


def as_pointed(text: str, pii: bool) -> str:
    """Rewrites a number with a decimal comma as one with a decimal point.

    Args:
      text: The number.
      pii: It is personal, and no message shows it.

    Raises:
      ValueFault: The text is no such number.
    """
    if is_absent(text) or truth(text) is not None:
        return text
    pointed = with_point(text)
    if pointed is None:
        raise ValueFault(f"the value {_shown(text, pii)} is no number with a decimal comma")
    return pointed


def _shown(text: str, pii: bool) -> str:
    return NOT_SHOWN if pii else shown(text[:_SHOWN])


def _check_characters(text: str, encoding: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        if 0xDC80 <= code <= 0xDCFF:  # what Python makes of a byte that the encoding does not know
            raise ValueFault(
                f"the byte 0x{code - 0xDC00:02x} is no {encoding}; set 'encoding' to that of the "
                "file, perhaps latin-1"
            ) from error
        raise ValueFault(
            f"the character \\u{code:04x} is half of a pair (a lone surrogate)") from error


def media_path(folder: Path, value: str, pii: bool = False) -> Path:
    """Returns the file that a value of a table names.

    Args:
      folder: The media folder, with all links followed.
      value: A path from there. Links within the folder are followed.
      pii: It is personal, and no message shows it.

    Raises:
      ValueFault: The path leads out of the folder, by itself or by a link, or nowhere.
    """
    try:
        path = (folder / value).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a zero
        why = "" if pii else f" ({error})"
        raise ValueFault(f"the path {_shown(value, pii)} leads nowhere{why}") from error
    if not path.is_relative_to(folder):
        raise ValueFault(f"the path {_shown(value, pii)} leaves the media folder")
    return path
