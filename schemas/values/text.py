"""Text by its meaning: ids that look alike to a person, and words for an absent value."""

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import TypeVar

T = TypeVar("T", str, Path)

# MySQL's and PostgreSQL's mark in text files; nothing else is written like it.
SQL_NULL = "\\N"
_WORDS = frozenset((
    "", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "(null)", "<null>", "none",
    "nil", "-", "--", "?", ".", SQL_NULL.lower()))
_LONGEST = max(map(len, _WORDS))
# Marks without width: soft hyphen, joiners, directions, byte-order mark.
_UNSEEN = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff" + "".join(
    map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_SPACES = "\u00a0\u2007\u202f"  # that do not break
_TABLE = str.maketrans({**dict.fromkeys(_UNSEEN, ""), **dict.fromkeys(_SPACES, " ")})
_POINT_ZERO = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0")
_MARKS = re.compile(r"[\W_]+")

NOT_SHOWN = "(personal, not shown)"  # in a message, in the place of a personal value


_UNNAMED = re.compile(r"#[0-9a-f]{16}")


def unnamed(text: str) -> str:
    """Returns a hash of a text, with which two of them can be told apart and not read."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return f"#{digest.hexdigest()}"


def is_unnamed(text: str) -> bool:
    """Returns whether a text is what `unnamed` returns."""
    return _UNNAMED.fullmatch(text) is not None


def is_absent(value: object) -> bool:
    """Returns whether a value says that there is none, in a column where it can be nothing else.

    Args:
      value: A text or a number. In a column of free texts `None` or `-` may be a value.

    Returns:
      Whether it is NaN, or a text that is empty or such a word in upper or lower case.
    """
    if isinstance(value, str):
        text = value.strip()
        return len(text) <= _LONGEST and text.lower() in _WORDS
    return value != value  # true of NaN alone


def normal_text(text: str) -> str:
    """Returns a name of one thing in its usual form.

    Args:
      text: An id or a type of event.

    Returns:
      Unicode's composed form (NFC) without marks of no width and without blanks at the ends, with
      plain blanks for those that do not break. Most texts are returned as they are.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_TABLE))
    return text.strip()


def plain_path(path: T) -> T:
    """Returns a path as it is.

    Raises:
      ValueError: It is no UTF-8, in which metadata hold it, or has a control character, such as a
        zero or the end of a line.
    """
    if {unicodedata.category(character) for character in str(path)} & {"Cc", "Cs"}:
        raise ValueError("expected a path in UTF-8 without control characters")
    return path


def as_text(value: object) -> str:
    """Returns a value as text: bytes as UTF-8, with a mark for what is none."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def normal_identity(text: str) -> str:
    """Returns an id in its usual form: as `normal_text`, and a whole number without `.0`."""
    return without_point(normal_text(text))


def without_point(text: str) -> str:
    """Returns a text, or the whole number that it writes as a decimal: `123` for `123.0`."""
    whole = _POINT_ZERO.fullmatch(text) if text.endswith(".0") else None
    return whole[1] if whole else text


def likeness(text: str) -> str:
    """Returns what similar ids have in common: no case, width, mark or leading zero.

    Two ids of one likeness are two ids all the same; it serves to find what somebody meant.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return plain.lstrip("0") or plain[:1]


def shown(text: str) -> str:
    """Returns an id in quotes, with the codes of its characters where they are not ASCII."""
    return repr(text) if text.isascii() else f"{text!r} ({ascii(text)[1:-1]})"
