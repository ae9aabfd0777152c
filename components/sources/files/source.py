"""A dataset in a user's own files."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from components.sources.base import Fault, Record
from components.sources.files.columns import Column
from components.sources.files.delimited import Row, without_header
from components.sources.files.options import FileOptions, TableOptions
from components.sources.files.presence import check_columns
from components.sources.files.readers import (
    WITHOUT_HEADER,
    has_rows,
    partitions,
    table_columns,
    table_rows,
    without_personal,
)
from components.sources.files.text import Layout, printable
from components.sources.files.values import (
    ValueFault,
    as_list,
    as_pointed,
    as_text,
    check_value,
    media_path,
)
from schemas import SIDES, Feature, FeatureSpec, InputError
from schemas.values.text import SQL_NULL

_ABSENT = (None, "", SQL_NULL)  # of any column
_RESULTS = "metadata.sqlite"  # in a root, which is in the data's folder where a run begins there


@dataclass(frozen=True)
class FileSource:
    """Tables in CSV, Parquet or JSON lines, with the user's own schemas.

    Attributes:
      data_dir: The folder that the options' paths start from.
      file_format: `"csv"`, `"parquet"` or `"jsonl"`.
      spec: The user's spec.
      options: What is where.

    Raises:
      InputError: A folder, file, column or every row of a table is missing; the message names it.
    """

    data_dir: str
    file_format: str
    spec: FeatureSpec
    options: FileOptions

    def __post_init__(self) -> None:
        if not self._root.is_dir():
            raise InputError("no-data-folder",
                             f"Folder {self._root} is missing. Give the data's folder with "
                             "--data-dir.")
        for side in SIDES:
            table = self.options.table(side)
            if table is None:
                continue
            known = [f.name for f in self._features(side)]
            for name in table.columns:
                if name not in known:
                    raise InputError(
                        "column-not-in-schema",
                        f"source.{side}.columns names {name!r}, which the schema of {side} does "
                        f"not have. It has: {', '.join(known)}."
                    )
            if not table.header and self.file_format != "csv":
                raise InputError("positions-without-csv",
                                 f"source.{side}: positions of columns and 'header' are for CSV; "
                                 f"{self.file_format} names its columns. Give these names.")
            self._check_columns(side, table)
            if side != "interactions":  # of several spans, some may have no event
                require_rows(side, [self])
        if self._reads_media() and not self._media.is_dir():
            raise InputError("no-media-folder",
                             f"source.media_dir: folder {self._media} is missing. The path is "
                             "relative to the data folder.")

    @property
    def _root(self) -> Path:
        return Path(self.data_dir)

    @property
    def _media(self) -> Path:
        return (self._root / self.options.media_dir).resolve()

    def media_folders(self) -> list[Path]:
        """Returns the folder that media are read of, if the schema has any."""
        return [self._root / self.options.media_dir] if self._reads_media() else []

    def has_table(self, side: str) -> bool:
        """Returns whether the user has such a table; its ids come from the interactions if not."""
        return self.options.table(side) is not None

    def files(self) -> list[Path]:
        """Returns all tables' files, and all that media may be read of where the schema has any."""
        tables = [self._root / shard for side in SIDES for shard in self.shards(side)]
        if not self._reads_media():
            return tables
        media = [p for p in _beneath(self._root / self.options.media_dir)
                 if (p.is_file() or (p.is_symlink() and p.is_dir())) and os.access(p, os.R_OK)]
        return sorted({*tables, *media})

    def shards(self, side: str) -> list[str]:
        """Returns the files of a table.

        Raises:
          InputError: A pattern matches no file.
        """
        table = self.options.table(side)
        shards: list[str] = []
        for pattern in table.files if table else ():
            try:
                matches = sorted(self._root.glob(pattern))
                if not matches and (self._root / pattern).is_file():  # its name has brackets
                    matches = [self._root / pattern]
            except (OSError, ValueError, NotImplementedError) as error:
                raise InputError("pattern-not-relative",
                                 f"source.{side}.files: {pattern!r} is no path relative to the "
                                 f"data folder {self._root} ({error}).") from error
            files = [p for p in matches if p.is_file()]
            if matches and not files:
                raise InputError("pattern-is-folder",
                                 f"source.{side}.files: {pattern!r} is a folder or a broken link "
                                 f"in {self._root}. Name its files, as in 'folder/*.csv'.")
            if not files:
                raise InputError(
                    "pattern-matches-nothing",
                    f"source.{side}.files: {pattern!r} matches no file in {self._root}. Paths "
                    "are relative to the data folder."
                )
            shards += [os.path.relpath(p, self._root) for p in files]
        return list(dict.fromkeys(shards))

    def records(self, side: str, shard: str) -> Iterator[Record]:
        """Yields the rows of one file.

        Raises:
          InputError: The file breaks off.
        """
        shown = self._shown(side, shard)
        try:
            for line, values, faults in self._rows(side, shard):
                yield Record(values, shown, line, faults)
        except InputError as error:
            if shown == shard:
                raise
            raise type(error)(error.code, str(error).replace(shard, shown)) from None

    def _rows(self, side: str, shard: str) -> Iterator[Row]:
        table = self.options.table(side)
        columns = [(f, table.column(f.name) if table else Column(f.name))
                   for f in self._features(side)]
        rows = table_rows(self.file_format, self._root, shard, self._layout(side))
        encoding = self.options.encoding
        for line, row, faults in rows:
            values: dict[str, Any] = {}
            left_out = list(faults)
            for feature, column in columns:
                try:
                    value = column.value(row, encoding)
                    if value in _ABSENT:
                        continue
                    value = self._value(value, feature)
                except ValueFault as fault:
                    left_out.append(Fault(f"{feature.name}: {fault}", feature.name))
                    continue
                if value is not None:
                    values[feature.name] = value
            yield line, values, tuple(left_out)

    def _shown(self, side: str, shard: str) -> str:
        """Returns a file's path as messages and the quarantine have it."""
        table = self.options.table(side)
        personal = {name for feature in self._features(side) if feature.masked and table
                    for name in table.column(feature.name).names}
        if not personal.isdisjoint(partitions(shard)):
            return printable(without_personal(shard, personal, self._numbers[side, shard]))
        return printable(shard)

    @cached_property
    def _numbers(self) -> dict[tuple[str, str], int]:
        """The place of each file among those of its table, from 1 on."""
        return {(side, shard): number for side in SIDES
                for number, shard in enumerate(self.shards(side), start=1)}

    def has_rows(self, side: str) -> bool:
        """Returns whether any file of a table holds a row, good or not."""
        layout = self._layout(side)
        return any(has_rows(self._root / shard, self.file_format, layout)
                   for shard in self.shards(side))

    def _features(self, side: str) -> list[Feature]:
        return [f for f in self.spec.table(side) if not f.derived]

    def _layout(self, side: str) -> Layout:
        masked = any(feature.masked for feature in self._features(side))
        return replace(self.options.layout(side), masked=masked)

    def _reads_media(self) -> bool:
        return any(f.media for side in SIDES if self.has_table(side)
                   for f in self.spec.table(side))

    def _check_columns(self, side: str, table: TableOptions) -> None:
        layout = self._layout(side)
        shards = {self._root / shard: shard for shard in self.shards(side)}
        check_columns(
            side, table, self._features(side),
            {path: table_columns(self.file_format, self._root, shard, layout)
             for path, shard in shards.items()},
            lambda path: (row for _, row, _ in table_rows(
                self.file_format, self._root, shards[path], layout)),
            self.file_format in WITHOUT_HEADER,
            lambda path: without_header(path, layout, side) if self.file_format == "csv" else None)

    def _value(self, value: Any, feature: Feature) -> Any:
        """Returns a value that ingest can check, or `None` for an absent one."""
        if feature.media:
            return self._medium(value, feature.masked)
        if isinstance(value, str) and not feature.scalar:
            value = as_list(value, self.options.list_separator, feature.masked)
        if isinstance(value, list | tuple):
            return [self._single(item, feature) for item in value]
        return self._single(value, feature)

    def _single(self, value: Any, feature: Feature) -> Any:
        if feature.dtype is bytes:
            return as_text(value, self.options.encoding)
        check_value(value, self.options.encoding)
        if not isinstance(value, str):
            return value
        value = value.strip()
        if value and self.options.decimal == ",":
            # A moment has no thousands, and its points are those of a fraction or a date.
            moment = feature.role == "timestamp"
            return value.replace(",", ".") if moment else as_pointed(value, feature.masked)
        return value or None

    def _medium(self, value: Any, pii: bool) -> bytes | Path | None:
        check_value(value, self.options.encoding)
        if value is None or isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            raise ValueFault("expected the path of a file, or its bytes")
        if not value.strip():
            return None
        return media_path(self._media, value, pii)


def _beneath(folder: Path) -> Iterator[Path]:
    """Yields all that is in a folder, but for the results of runs: they change with every run."""
    for inside, folders, files in os.walk(folder):
        if _RESULTS in files:
            folders.clear()
            continue
        yield from (Path(inside, name) for name in (*folders, *files))


def require_rows(side: str, parts: Sequence[FileSource]) -> None:
    """Refuses a table without a row; of several spans one with a row is enough.

    Args:
      side: The table.
      parts: The source of each span, the newest last, or the only one.

    Raises:
      InputError: No part has one.
    """
    if any(part.has_rows(side) for part in parts):
        return
    files = [shard for part in parts for shard in part.shards(side)]
    raise InputError("empty-table",
                     f"The {side} have no row: {', '.join(files)} in {parts[-1].data_dir} "
                     f"{'has' if len(files) == 1 else 'have'} nothing but the names of the "
                     "columns. Give a file with rows"
                     f"{'' if side == 'interactions' else f', or leave source.{side} out'}.")
