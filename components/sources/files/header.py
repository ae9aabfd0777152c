"""Whether the first line of a table names its columns or is a row."""

from collections.abc import Sequence

from components.sources.files.forms import Form, forms, present

_NUMBERED = 3  # columns of consecutive numbers behind a name, such as years, are names
_YEARS = range(1900, 2101)
_LEAST = 10.0  # a number so near to those of its column is one of them


def is_row(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Returns whether the first line of a table is of the kinds of the rows below it.

    Args:
      first: The fields of the first line.
      rows: Rows below it, each with as many fields.

    Returns:
      Every field below which all values look alike, as numbers, times, ids such as u17 or links
      do, looks like them; and there is one, or a word that is a value below. Numbers that count
      up behind a name, such as years, and numbers far from those below them, are names.
    """
    fits = [fit for _, fit in _compared(first, rows)]
    return all(fits) and bool(fits or _recurs(first, rows)) and not _counts_up(first)


def is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Returns whether the first line is of other kinds than the rows, wherever these have some."""
    fits = [fit for _, fit in _compared(first, rows)]
    return bool(fits) and not any(fits)


def _compared(first: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[Form, bool]]:
    kinds = forms(rows, len(first))
    return [(form, _belongs(name.strip(), form)) for name, form in zip(first, kinds, strict=True)
            if form is not None and form.strong and present(name)]


def _belongs(text: str, form: Form) -> bool:
    if not form.fits(text):
        return False
    if not form.numbers:
        return True
    below = [number for value in form.values if (number := _number(value)) is not None]
    given = _number(text)
    if given is None or not below:
        return True
    low, high = min(below), max(below)
    near = max(_LEAST, 3 * (high - low), abs(high) / 2)
    return low - near <= given <= high + near


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _recurs(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Returns whether a field is one of several values of its column."""
    # A header that is in a file twice, as `cat` of several files makes it, is no row.
    others = [row for row in rows if list(row) != list(first)]
    return any(present(name) and name in (below := {row[column] for row in others})
               and sum(map(present, below)) > 1 for column, name in enumerate(first))


def _counts_up(first: Sequence[str]) -> bool:
    numbers = [int(name) for name in first if name.strip().isascii() and name.strip().isdigit()]
    if len(numbers) < _NUMBERED or len(numbers) == len(first):
        return False
    start = numbers[0]
    named = start in (0, 1) or start in _YEARS
    return named and numbers == list(range(start, start + len(numbers)))
