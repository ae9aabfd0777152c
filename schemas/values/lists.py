"""Several values in one field: separated, or a list as Python, JSON, numpy or SQL write it."""

import ast
import json
import re
from typing import Any

from schemas.values.text import SQL_NULL

_CLOSED_BY = {"[": "]", "{": "}", "(": ")"}
_QUOTED = re.compile(r"""[uU]?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\")""", re.DOTALL)
_BARE = re.compile(r"[^\s,'\"\[\](){}:]+")
_BETWEEN = re.compile(r"[\s,]+")
_NUMBERS = re.compile(r"[-+.0-9eE\s]+|nan")
_BEGUN = re.compile(r"""[\[{(]\s*((None|null|NULL|nan|NaN)\s*,\s*)*[uU]?['"]""")
_NESTED = re.compile(r"\[\s*[\[{]")
_ABSENT = {"None", "null", "NULL", "nan", "NaN"}
_LONGEST = 1 << 16  # characters that are looked at for a list of lists


def split_list(text: str, separator: str) -> list[Any]:
    """Splits a field into its values.

    Args:
      text: The field: `a|b`, or a list in a notation of `list_literal`.
      separator: What is between two values.

    Returns:
      The values without blanks around them; empty ones are left out. A value is a text, or a list
      or an object, which no column can have.

    Raises:
      ValueError: The field begins like a list and is none.
    """
    values = list_literal(text, separator)
    if values is None:
        values = [part.strip() for part in text.split(separator)]
    return [value for value in values if value not in ("", SQL_NULL)]


def list_literal(text: str, separator: str = ",") -> list[Any] | None:
    """Reads a list in brackets. Nothing in it is ever evaluated.

    Args:
      text: The field: `['a', 'b']` of Python and JSON, `['a' 'b']` of numpy, `[a, b]` of Java,
        `{a,b}` of PostgreSQL.
      separator: What may be between two texts without quotes, beside a comma.

    Returns:
      Its values, or `None` where the field is not written as a list.

    Raises:
      ValueError: It begins with a bracket and a quote, as a list does, and is none.
    """
    text = text.strip()
    close = _CLOSED_BY.get(text[:1])
    if close is None:
        return None
    inner = text[1:-1].strip()
    whole = len(text) > 1 and text[-1] == close
    if _BEGUN.match(text):
        values = _quoted(inner) if whole else None
        if values is None and close != ")":
            raise ValueError("it begins like a list and is none")
        return values
    if _NESTED.match(text):
        return _nested(text)
    if not whole or close == ")" or any(mark in inner for mark in "[]{}"):
        return None
    if "," in inner:
        parts = inner.split(",")
    else:
        parts = inner.split() if _NUMBERS.fullmatch(inner) else inner.split(separator)
    return [part.strip() for part in parts if part.strip() not in _ABSENT]


def _quoted(inner: str) -> list[str] | None:
    """Reads values of which some are in quotes, with commas or blanks between them."""
    values, place = [], 0
    while place < len(inner):
        piece = _QUOTED.match(inner, place) or _BARE.match(inner, place)
        if piece is None:
            return None
        if piece[0] not in _ABSENT:
            values.append(_unquoted(piece[0]).strip())
        place = piece.end()
        if place < len(inner):
            between = _BETWEEN.match(inner, place)
            if between is None:
                return None
            place = between.end()
    return values


def _unquoted(piece: str) -> str:
    if piece[-1] not in "'\"":
        return piece
    piece = piece.lstrip("uU")  # as Python 2 writes a text
    if "\\" not in piece:
        return piece[1:-1]
    try:
        return str(ast.literal_eval(piece))
    except (ValueError, SyntaxError):
        return piece[1:-1]


def _nested(text: str) -> list[Any] | None:
    """Reads lists and objects within a list, so that they are named as what they are."""
    try:
        literal = json.loads(text)
    except (ValueError, RecursionError):
        try:
            literal = ast.literal_eval(text) if len(text) <= _LONGEST else None
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return None
    return literal if isinstance(literal, list) else None
