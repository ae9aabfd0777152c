"""Rows of one file, in a streaming way: number, values by the file's column, faults.

The names of columns come without surrounding whitespace.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from components.sources.files.delimited import Row, csv_columns, csv_rows
from components.sources.files.json_array import elements, is_array
from components.sources.files.layout import Layout
from components.sources.files.parquet import parquet_columns, parquet_length, parquet_rows
from components.sources.files.partitions import partitions
from components.sources.files.text import LONGEST, first_lines, lines, open_text, reading
from schemas.errors import InputError

_START = 1 << 12
_OBJECTS = 1000  # JSON objects that are asked for their keys


def json_columns(path: Path, layout: Layout) -> list[str]:
    """Returns the keys of the first objects of a file of JSON lines.

    Raises:
      InputError: The file is empty, of another encoding, or its first lines hold no object.
    """
    first_lines(path, layout.encoding)
    keys: dict[str, None] = {}
    fault = ""
    for line, row, faults in islice(json_rows(path, layout), _OBJECTS):
        keys.update(dict.fromkeys(row))
        fault = fault or "".join(f"line {line}: {reason}" for reason in faults)
    if not keys:
        raise InputError("not-json-objects",
                         f"File {path} has no JSON objects ({fault}). Expected one a line, "
                         "or one array of them.")
    return list(keys)


def json_rows(path: Path, layout: Layout) -> Iterator[Row]:
    """Yields the objects of a file of JSON lines, or of one JSON array."""
    with reading(path), open_text(path, layout.encoding) as file:
        array = is_array(file.read(_START))
    what = "element" if array else "line"
    with reading(path) as place, open_text(path, layout.encoding) as file:
        for line, text in elements(file) if array else enumerate(lines(file), start=1):
            place.line = line
            text = text.lstrip("\ufeff").strip()
            if not text:
                continue
            if len(text) > LONGEST:
                yield line, {}, (f"the {what} is no JSON (it has more than {LONGEST:,} "
                                 "characters)",)
                continue
            try:
                row = json.loads(text, object_pairs_hook=_unique)
            except (ValueError, RecursionError) as error:
                yield line, {}, (f"the {what} is no JSON ({error})",)
                continue
            if isinstance(row, dict):
                yield line, row, ()
            else:
                yield line, {}, (f"the {what} is no JSON object",)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = {name.strip(): value for name, value in pairs}
    if len(row) < len(pairs):
        names = [name.strip() for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has the key {twice!r} twice")
    return row


def table_columns(file_format: str, root: Path, shard: str, layout: Layout) -> list[str]:
    """Returns the columns of one file of a table, those that its folders name among them.

    Args:
      file_format: A key of `FORMATS`.
      root: The data folder.
      shard: The file's path from there.
      layout: The table's.

    Raises:
      InputError: The file is empty, or of another format, delimiter or encoding.
    """
    names = FORMATS[file_format][0](root / shard, layout)
    return names + [name for name in partitions(shard) if name not in names]


def table_rows(file_format: str, root: Path, shard: str, layout: Layout) -> Iterator[Row]:
    """Yields the rows of one file of a table; what its folders say is in each of them.

    Args:
      file_format: A key of `FORMATS`.
      root: The data folder.
      shard: The file's path from there.
      layout: The table's.
    """
    folders = partitions(shard)
    for line, row, faults in FORMATS[file_format][1](root / shard, layout):
        yield line, {**folders, **row} if folders and row else row, faults


def has_rows(path: Path, file_format: str, layout: Layout) -> bool:
    """Tells whether a file holds a row, good or not."""
    if file_format == "parquet":
        return parquet_length(path) > 0
    return next(FORMATS[file_format][1](path, layout), None) is not None


FORMATS: dict[str, Any] = {
    "csv": (csv_columns, csv_rows),
    "parquet": (parquet_columns, parquet_rows),
    "jsonl": (json_columns, json_rows),
}
# Formats whose rows name their own columns: an absent key is an absent value.
WITHOUT_HEADER = frozenset({"jsonl"})
