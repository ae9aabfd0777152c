"""What the values of a table's columns look like, so far as names of columns do not."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from schemas.values.text import is_absent

_MOSTLY = 0.95
_PATTERNS = tuple(re.compile(pattern) for pattern in (
    r"[+-]?(\d[\d.,]*|\.\d+)([eE][+-]?\d+)?",
    r"(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4})([T ]\d\d?:\d\d.*)?",
    r"(?i:true|false)",
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=[a-f]*\d)[0-9a-f]{16,}",
    r"https?://\S+",
    r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}",
    r"[^\s]+\.(?i:jpe?g|png|gif|bmp|webp|mp3|wav|flac|ogg|mp4|webm|avi|mov)",
))
_NUMBER = _PATTERNS[0]
_CODE = re.compile(r"([^\d\s]*)\d\S*")  # an id such as u17 or item-0005
_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True)
class Form:
    """What nearly all values of a column have in common.

    Attributes:
      fits: Tells of a value whether it has it.
      strong: A name of a column, or a piece of a sentence, hardly ever has it.
      values: The values that were looked at.
    """

    fits: Callable[[str], object]
    strong: bool
    values: tuple[str, ...]

    @property
    def numbers(self) -> bool:
        """Whether they are numbers."""
        return self.fits == _NUMBER.fullmatch


def present(value: str) -> bool:
    """Returns whether a value is there, and no word for an absent one."""
    return not is_absent(value)


def forms(rows: Sequence[Sequence[str]], width: int) -> list[Form | None]:
    """Finds the forms of a table's columns.

    Args:
      rows: Some rows, each with as many fields as the table.
      width: How many those are.

    Returns:
      A form for each column, `None` where the values have none.
    """
    return [_form(tuple(value for row in rows if present(value := row[column].strip())))
            for column in range(width)]


def _form(values: tuple[str, ...]) -> Form | None:
    if not values:
        return None
    for pattern in _PATTERNS:
        if _most(map(pattern.fullmatch, values), len(values)):
            return Form(pattern.fullmatch, True, values)
    heads = [code[1] for value in values if (code := _CODE.fullmatch(value))]
    head = max(set(heads), key=heads.count) if heads else ""
    if heads.count(head) >= _MOSTLY * len(values):
        like = re.compile(re.escape(head) + r"\d\S*")
        return Form(like.fullmatch, True, values)
    if _most(map(_TOKEN.fullmatch, values), len(values)):
        return Form(_TOKEN.fullmatch, False, values)
    return None


def _most(matches: Iterable[object], number: int) -> bool:
    return sum(map(bool, matches)) >= _MOSTLY * number
