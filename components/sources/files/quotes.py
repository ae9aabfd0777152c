"""Quotes that merge lines: a stray one opens a field, and the next stray one ends it lines later.

To a reader of CSV such a field is as good as a review of several lines. Only that its lines are
rows of the table themselves gives it away.
"""

import csv
from collections.abc import Sequence

from components.sources.files.forms import Form, forms, present
from components.sources.files.text import Layout

_HALF = 0.5


class Merged:
    """Finds records of several lines that are rows which a stray quote made one."""

    def __init__(self, start: Sequence[str], rows: Sequence[Sequence[str]], width: int,
                 layout: Layout):
        """Learns what rows look like.

        Args:
          start: The lines of the file's start.
          rows: Their rows as CSV has them.
          width: The number of the table's columns.
          layout: The table's.
        """
        self._width = width
        self._layout = layout
        # A field of several lines may be what is in question.
        self._forms = forms([["" if "\n" in value or "\r" in value else value for value in row]
                             for row in rows], width)
        whole = [fields for line in start[1:] if (fields := self._fields(line))]
        # Prose has a space behind a comma; tables have it everywhere or nowhere.
        self._spaced = sum(map(_has_space, whole)) > _HALF * len(whole)

    def __call__(self, record: Sequence[str]) -> bool:
        """Returns whether the lines behind the first are rows.

        Args:
          record: The lines of a record.
        """
        behind = [line for line in record[1:] if line.strip()]
        marks = [one for line in behind if (one := self._row(line)) is not None]
        if not marks or len(marks) < _HALF * len(behind):
            return False
        # Where no column has a form of its own, one line is no evidence, unless prose has no such
        # delimiters.
        return any(marks) or len(marks) > 1 or self._layout.delimiter == "\t"

    def _row(self, line: str) -> bool | None:
        """Returns whether a row's values have forms of their own; `None` for no row."""
        fields = self._fields(line)
        if fields is None or (_has_space(fields) and not self._spaced):
            return None
        compared = [(form, field.strip()) for form, field in zip(self._forms, fields, strict=True)
                    if form is not None and present(field)]
        strong = [(form, field) for form, field in compared if form.strong]
        if self._is_number(fields) or not all(form.fits(field)
                                              for form, field in strong or compared):
            return None
        return bool(strong)

    def _fields(self, line: str) -> list[str] | None:
        """Returns the fields of a line that has as many as the table, lenient about quotes."""
        if line.count(self._layout.delimiter) < self._width - 1:
            return None
        try:
            fields = next(csv.reader([line.rstrip("\r\n")], delimiter=self._layout.delimiter), [])
        except csv.Error:
            return None
        return fields if len(fields) == self._width else None

    def _is_number(self, fields: Sequence[str]) -> bool:
        """Returns whether a comma between two fields is that of a number, as in 1,000 things."""
        if self._layout.delimiter != ",":
            return False
        return any(_ends(left) and _group(right) and not _numbers(form) for left, right, form in
                   zip(fields, fields[1:], self._forms[1:], strict=False))


def _has_space(fields: Sequence[str]) -> bool:
    return any(field.startswith(" ") for field in fields[1:])


def _ends(field: str) -> bool:
    return field[-1:].isdigit()


def _group(field: str) -> bool:
    return field[:3].isdigit() and not field[3:4].isdigit()


def _numbers(form: Form | None) -> bool:
    return form is not None and form.strong
