"""Numbers and truth values as text: the notations of files, not those of a programming language.

`1_000`, `0x10`, `+5`, `inf` and digits of other scripts are no numbers, whatever Python takes.
"""

import re
from collections.abc import Sequence

_WHOLE = re.compile(r"-?[0-9]{1,400}")
_SPACED = re.compile(r"\s*(-?[0-9]{1,400})(?:\.0+)?\s*")
# Of digits no two parts may share a run: of a long one every division would be tried.
_NUMBER = re.compile(r"\s*-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\s*")
_CODE = re.compile(r"-?0[0-9]")
# What may be between groups of three digits where the comma is the decimal mark: a point, a
# blank that may or may not break, or an apostrophe; one of them throughout a number.
_GROUPED = re.compile(
    "(-?[1-9][0-9]{0,2}([. \u00a0\u202f\u2009'\u2019])[0-9]{3}(?:\\2[0-9]{3})*)(,[0-9]+)?")
_COMMA = re.compile(r"-?([0-9]+(,[0-9]*)?|,[0-9]+)([eE][+-]?[0-9]{1,4})?")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?")
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_GROUP_MARK = re.compile("[^0-9-]")
_YES = {"true": "false", "yes": "no", "y": "n", "t": "f", "是": "否"}
_TRUTH = {**dict.fromkeys(_YES, True), **dict.fromkeys(_YES.values(), False)}


def integer(text: str) -> int | None:
    """Reads a whole number: digits, with `-` before them or not.

    Args:
      text: The text; blanks around it do not count.

    Returns:
      The number, or `None` where the text is none. `12.0` is 12, for so a column of decimals
      writes a whole number; `1e3` and `12.5` are none.
    """
    if _WHOLE.fullmatch(text):
        return int(text)
    pointed = _SPACED.fullmatch(text)
    return int(pointed[1]) if pointed else None


def number(text: str) -> float | None:
    """Reads a number with a decimal point or without, perhaps with a power of ten.

    Args:
      text: The text; blanks around it do not count.

    Returns:
      The number, infinite where it is too large; `None` where the text is none.
    """
    return float(text) if _NUMBER.fullmatch(text) else None


def with_point(text: str) -> str | None:
    """Rewrites a number whose decimal mark is a comma.

    Args:
      text: The text, such as `1.234,5`, `12,99` or `1 234`. Groups of three digits count as such
        only where they are well formed: `12.99` is no number here.

    Returns:
      The number with a decimal point and without groups, or `None` where the text is no number.

    Example:
      `with_point("1.234,5")` is `"1234.5"`.
    """
    text = text.strip()
    if _COMMA.fullmatch(text):
        return text.replace(",", ".")
    grouped = _GROUPED.fullmatch(text)
    if not grouped:
        return None
    return _GROUP_MARK.sub("", grouped[1]) + (grouped[3] or "").replace(",", ".")


def comma_hint(texts: Sequence[str]) -> str:
    """Returns what to do about commas in numbers of which the decimal mark is a point.

    Args:
      texts: Numbers with a comma in each.

    Returns:
      The end of a sentence: `1,299` has groups of thousands, unless others, such as `12,99`, have
      decimal commas. Empty where the texts are neither.
    """
    if texts and all(_THOUSANDS.fullmatch(text.strip()) for text in texts):
        return "leave out the commas between thousands"
    decimal = texts and all(_DECIMAL_COMMA.fullmatch(text.strip()) for text in texts)
    return "for decimal commas set decimal: ','" if decimal else ""


def is_code(text: str) -> bool:
    """Returns whether digits begin with a zero that a number would lose, such as `007`."""
    return _CODE.match(text.strip()) is not None


def truth(text: str) -> bool | None:
    """Reads a truth value.

    Args:
      text: `true` or `false`, `yes` or `no`, or the first letter of one, in upper or lower case.

    Returns:
      The value, or `None` where the text is none.
    """
    return _TRUTH.get(text.strip().lower())


def means_yes(texts: tuple[str, ...]) -> dict[str, bool]:
    """Reads the values of a column that says yes and no, in one pair of words.

    Args:
      texts: All different values.

    Returns:
      The truth of each; empty where they are no such pair, or one of the two is missing.
    """
    words = {text.strip().lower() for text in texts}
    if not any(words == {yes, no} for yes, no in _YES.items()):
        return {}
    return {text: _TRUTH[text.strip().lower()] for text in texts}
