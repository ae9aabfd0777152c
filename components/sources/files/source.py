"""A dataset in a user's own files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.sources.base import Record
from components.sources.files.options import FileOptions
from components.sources.files.readers import FORMATS
from schemas import MEDIA, SIDES, Feature, FeatureSpec, InputError


@dataclass(frozen=True)
class FileSource:
    """Tables in CSV, Parquet or JSON lines, with the user's own schemas.

    Attributes:
      data_dir: The folder that the options' paths start from.
      file_format: `"csv"`, `"parquet"` or `"jsonl"`.
      spec: The user's spec.
      options: What is where.

    Raises:
      InputError: A folder, file or column is missing; the message names it.
    """

    data_dir: str
    file_format: str
    spec: FeatureSpec
    options: FileOptions

    def __post_init__(self) -> None:
        if not self._root.is_dir():
            raise InputError(f"Folder {self._root} is missing. Give the data's folder with "
                             "--data-dir.")
        for side in SIDES:
            table = self.options.table(side)
            if table is None:
                continue
            known = [f.name for f in self._features(side)]
            for name in table.columns:
                if name not in known:
                    raise InputError(
                        f"source.{side}.columns names {name!r}, which the schema of {side} does "
                        f"not have. It has: {', '.join(known)}."
                    )
            for shard in self.shards(side):
                self._check_columns(side, self._root / shard)

    @property
    def _root(self) -> Path:
        return Path(self.data_dir)

    @property
    def _media(self) -> Path:
        return (self._root / self.options.media_dir).resolve()

    def has_table(self, side: str) -> bool:
        """Tells whether the user has such a table; its ids come from the interactions if not."""
        return self.options.table(side) is not None

    def files(self) -> list[Path]:
        """Returns all tables' files, and all media where the schema has any."""
        tables = [self._root / shard for side in SIDES for shard in self.shards(side)]
        if not any(f.modality in MEDIA for f in self.spec.features):
            return tables
        media = [p for p in self._media.rglob("*") if p.is_file()]
        return sorted({*tables, *media})

    def shards(self, side: str) -> list[str]:
        """Returns the files of a table.

        Raises:
          InputError: A pattern matches no file.
        """
        table = self.options.table(side)
        found: list[str] = []
        for pattern in table.files if table else ():
            matches = sorted(p for p in self._root.glob(pattern) if p.is_file())
            if not matches:
                raise InputError(
                    f"source.{side}.files: {pattern!r} matches no file in {self._root}. Paths "
                    "are relative to the data folder."
                )
            found += [str(p.relative_to(self._root)) for p in matches]
        return list(dict.fromkeys(found))

    def records(self, side: str, shard: str) -> Iterator[Record]:
        """Yields the rows of one file."""
        table = self.options.table(side)
        columns = {f: (table.columns if table else {}).get(f.name, f.name)
                   for f in self._features(side)}
        rows = FORMATS[self.file_format][1]
        for line, row, faults in rows(self._root / shard, self.options):
            values: dict[str, Any] = {}
            found = list(faults)
            for feature, column in columns.items():
                value = row.get(column)
                if value is None or value == "":
                    continue
                if feature.modality in MEDIA and isinstance(value, str):
                    path = (self._media / value).resolve()
                    if not path.is_relative_to(self._media):
                        found.append(f"{feature.name}: the path {value!r} leaves the media folder")
                        continue
                    value = path
                values[feature.name] = self._value(value, feature)
            yield Record(values, shard, line, tuple(found))

    def _features(self, side: str) -> list[Feature]:
        return [f for f in self.spec.table(side) if not f.derived]

    def _check_columns(self, side: str, path: Path) -> None:
        table = self.options.table(side)
        present = FORMATS[self.file_format][0](path, self.options)
        mapping = table.columns if table else {}
        for feature in self._features(side):
            column = mapping.get(feature.name, feature.name)
            needed = feature.required or feature.role is not None or feature.name in mapping
            if needed and column not in present:
                raise InputError(
                    f"File {path} has no column {column!r}, which the {side} need. It has: "
                    f"{', '.join(present)}. Map it with source.{side}.columns."
                )

    def _value(self, value: Any, feature: Feature) -> Any:
        if not isinstance(value, str):
            return value
        if not feature.scalar:
            return value.split(self.options.list_separator)
        if feature.dtype is not bytes and self.options.decimal == ",":
            return value.replace(".", "").replace(",", ".")
        return value
