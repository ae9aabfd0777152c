"""Whether a table's files have the columns that its schema reads."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from components.sources.files.options import TableOptions
from components.sources.files.text import shown
from schemas import Feature, InputError

Names = Mapping[Path, Sequence[str]]
Rows = Callable[[Path], Iterable[Mapping]]


def check_columns(side: str, table: TableOptions, features: Sequence[Feature], names: Names,
                  rows: Rows, keyed: bool,
                  headless: Callable[[Path], InputError | None]) -> None:
    """Refuses files that lack a column.

    An id, a time or a required column must be in each file, any other named one in some of them.
    Where rows name their own columns, an absent key is an absent value: then any row will do.

    Args:
      side: The table.
      table: Where it is, and which of its columns the user has named.
      features: What is read of it.
      names: The columns of each of its files; of keyed rows, those of the first rows.
      rows: Reads the rows of a file.
      keyed: Rows name their own columns.
      headless: Says of a file that lacks a column whether its first line is a row already.

    Raises:
      InputError: A column is missing, or there twice; the message names the file and the column.
    """
    somewhere = {name for columns in names.values() for name in columns}
    read = {name for f in features for name in table.column(f.name).names}
    if keyed:
        somewhere |= _late_keys(names, rows, read - somewhere)
    for path, columns in names.items():
        for name in columns:
            if name in read and columns.count(name) > 1:
                raise InputError("duplicate-column",
                                 f"File {path} has the column {name!r} twice. Rename one of them.")
        for feature in features:
            everywhere = (feature.required or feature.role) and not keyed
            if fault := _absent(feature, table, columns if everywhere else somewhere, side):
                which, advice = fault
                there = shown(columns)
                if any(one.masked for one in features) and not keyed:
                    # Without a header they are a person's values, whatever they look like.
                    own = shown(name for name in columns if name in read)
                    there = f"{len(columns)} columns, of those that are read: {own or 'none'}"
                raise headless(path) or InputError(
                    "missing-column",
                    f"File {path} has no column {which}. It has: {there}.{advice}")


def _late_keys(paths: Iterable[Path], rows: Rows, wanted: set[str]) -> set[str]:
    """Returns which of some names are keys of a row, however late it comes."""
    present: set[str] = set()
    for path in paths:
        for row in rows(path) if present != wanted else ():
            present |= wanted & row.keys()
            if present == wanted:
                break
    return present


def _absent(feature: Feature, table: TableOptions, columns: Collection[str],
            side: str) -> tuple[str, str] | None:
    """Returns the column that a feature needs and that is not there, and what to do."""
    column = table.column(feature.name)
    missing = next((name for name in column.names if name not in columns), None)
    if missing is None:
        return None
    if column.is_template:
        return f"{missing!r}, which source.{side}.columns names in {column.text!r}", ""
    if feature.required or feature.role or feature.name in table.columns:
        return f"{missing!r}, which the {side} need", f" Map it with source.{side}.columns."
    return None
