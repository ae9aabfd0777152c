"""One value of a user's file: what it is as text, and what cannot be one."""

import datetime
import decimal
import math
from dataclasses import dataclass
from typing import Any

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
      The text, or `None` where there is nothing but whitespace.

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
        return value if value.strip() else None
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | decimal.Decimal):
        if not math.isfinite(value):
            raise ValueFault(f"{value} is no text and no finite number")
        return str(int(value)) if value == int(value) else str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


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
