"""A bounded look at a user's tables: the first rows of every file."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from components.sources import FileSource
from components.sources.files import require_rows
from components.sources.files.columns import Column as Template
from components.sources.files.delimited import without_header
from components.sources.files.options import FileOptions
from components.sources.files.readers import table_columns, table_rows
from components.sources.files.text import printable
from components.sources.files.values import ValueFault
from pipeline.inference.tables import Tables
from schemas import SIDES, FeatureSpec, InputError
from schemas.values.text import SQL_NULL

ROWS = 100_000  # of a table
_CHARACTERS = 64 * 2**20  # of a table; long texts reach this before they reach ROWS
_TEXT = 2_000  # characters kept of a text: enough to count words by
_WHOLE = 5  # media of a column that are kept whole, to be read; of others the start shows the kind
_START = 16


@dataclass(frozen=True)
class Sample:
    """Some rows of one table, by column.

    Attributes:
      cells: Values by the file's column, one a row; `None` where there is none.
      rows: Number of rows.
      complete: These are all rows of the table.
      files: The table's files.
      faults: Lines that could not be read, with the first of the reasons.
      unnamed: Columns that no configuration can name, and that no cell is of: without a name,
        with a brace in it, or with that of another one.
    """

    cells: dict[str, list[Any]]
    rows: int
    complete: bool
    files: tuple[str, ...]
    faults: tuple[str, ...]
    unnamed: tuple[str, ...] = ()


def sample_tables(tables: Tables, rows: int = ROWS) -> dict[str, Sample]:
    """Reads the first rows of each table, of many files some of each.

    Args:
      tables: The files.
      rows: Most rows of a table.

    Returns:
      A sample for each table that there is.

    Raises:
      InputError: A file is missing, empty, of another format or has no row; the message says so.
    """
    source = _source(tables)
    samples = {}
    for side in SIDES:
        if source.has_table(side):
            samples[side] = _sample(tables, side, source.shards(side), rows)
            if not samples[side].rows:
                raise InputError(
                    "no-readable-row",
                    f"source.{side}.files: {', '.join(samples[side].files)} in {tables.data_dir} "
                    f"hold no row that can be read{_first(samples[side].faults)}. There is nothing "
                    "to infer from.")
    return samples


def _first(faults: tuple[str, ...]) -> str:
    return f" ({faults[0]})" if faults else ""


def _source(tables: Tables) -> FileSource:
    """Opens the files without a schema, so that the reader's own checks are made."""
    bare: dict[str, Any] = {
        side: table.model_copy(update={"columns": {}})
        for side in SIDES if (table := tables.options.table(side)) is not None
    }
    options = tables.options.model_copy(update=bare)
    nothing = FeatureSpec("no schema yet", ("", "", ""), (), ())
    source = FileSource(str(tables.data_dir), tables.dataset, nothing, options)
    require_rows("interactions", [source])
    return source


def _sample(tables: Tables, side: str, shards: list[str], limit: int) -> Sample:
    cells: dict[str, list[Any]] = {}
    faults: list[str] = []
    media: Counter[str] = Counter()
    templates = _templates(tables.options, side)
    layout = tables.options.layout(side)
    # Who names a column by the first line has seen that it names them.
    named = set(column_mapping(tables.options, side))
    count, characters, complete = 0, 0, True
    twice: set[str] = set()
    for place, shard in enumerate(shards):
        share = count + -(-(limit - count) // (len(shards) - place))
        header = table_columns(tables.dataset, tables.data_dir, shard, layout)
        if tables.dataset == "csv" and not named & set(header):
            fault = without_header(tables.data_dir / shard, layout, side)
            if fault is not None:
                raise fault
        for name in header:
            cells.setdefault(name, [None] * count)
        twice |= {name for name in header if header.count(name) > 1}
        for line, row, row_faults in table_rows(tables.dataset, tables.data_dir, shard, layout):
            if row_faults:
                faults.append(f"{printable(shard)} line {line}: {row_faults[0].reason}")
                continue
            if count == share or characters > _CHARACTERS:
                complete = False
                break
            made = {name: _made(template, row, tables.options.encoding)
                    for name, template in templates.items()}
            characters += _add({**row, **made}, cells, count, media)
            count += 1
    # What a template reads is part of its column, and no other id beside it.
    parts = {name for template in templates.values() for name in template.names}
    for name in parts - set(templates) - set(column_mapping(tables.options, side)):
        cells.pop(name, None)
    unnamed = tuple(name for name in cells if not name or name in twice or {*name} & {*"{}"})
    for name in unnamed:
        del cells[name]
    return Sample(cells, count, complete, tuple(map(printable, shards)), tuple(faults), unnamed)


def _templates(options: FileOptions, side: str) -> dict[str, Template]:
    """Returns the templates by the schema's column that they make."""
    table = options.table(side)
    columns = {name: Template(text) for name, text in (table.columns if table else {}).items()}
    return {name: column for name, column in columns.items() if column.is_template}


def _made(template: Template, row: dict[str, Any], encoding: str) -> str | None:
    try:
        return template.value(row, encoding)
    except ValueFault:
        return None  # ingest quarantines such a row; a draft looks at the others


def _add(row: dict[str, Any], cells: dict[str, list[Any]], count: int,
         media: Counter[str]) -> int:
    """Adds a row to the columns and its media to their number; returns its size."""
    size = 0
    for name, value in row.items():
        if name not in cells:
            cells[name] = [None] * count
        media[name] += isinstance(value, bytes)
        cell = _kept(value, media[name])
        size += len(cell) if isinstance(cell, str | bytes | list) else 1
        cells[name].append(cell)
    for column in cells.values():
        if len(column) == count:
            column.append(None)
    return size


def _kept(value: Any, media: int) -> Any:
    if isinstance(value, str):
        return value[:_TEXT] if value not in ("", SQL_NULL) else None
    if isinstance(value, bytes):
        return (value if media <= _WHOLE else value[:_START]) or None
    if isinstance(value, list):
        return [item for item in value if item not in (None, "")] or None
    return value


def column_mapping(options: FileOptions, side: str) -> dict[str, str]:
    """Returns the schema's column for a file's column, where a configuration renames it."""
    table, made = options.table(side), _templates(options, side)
    return {given: name for name, given in (table.columns if table else {}).items()
            if name not in made}
