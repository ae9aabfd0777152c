"""Reads an edition of MovieLens from a folder.

    DIR/<edition>/...       the edition's files as GroupLens packs them (or directly in DIR)

Source: F. M. Harper and J. A. Konstan, "The MovieLens Datasets", ACM TiiS 5(4), 2015.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.sources.base import Record
from components.sources.files.delimited import csv_columns
from components.sources.movielens.editions import CSV, ML_1M, ML_100K, ML_LATEST_SMALL, Edition
from components.sources.movielens.imdb import ImdbContent
from components.sources.movielens.tmdb import TmdbContent
from schemas.errors import InputError, unknown

EDITIONS: dict[str, Edition] = {
    "movielens-100k": ML_100K,
    "movielens-1m": ML_1M,
    "movielens-latest-small": ML_LATEST_SMALL,
}


@dataclass(frozen=True)
class MovieLensSource:
    """One edition of MovieLens in a folder.

    Attributes:
      data_dir: The folder that holds the edition's own, such as `ml-100k`, or its contents.
      name: A name in `EDITIONS`.

    Raises:
      InputError: The folder, a needed file or a column is missing.
    """

    data_dir: str
    name: str = "movielens-100k"

    def __post_init__(self) -> None:
        edition = self._edition
        archive = f"files.grouplens.org/datasets/movielens/{edition.folder}.zip"
        if not self._root.is_dir():
            raise InputError(
                "no-movielens-folder",
                f"Folder {self._root} is missing. {edition.title} is read from a folder that holds "
                f"{edition.folder}, unpacked from {archive}."
            )
        for name in edition.tables.values():
            if not (self._root / self._folder / name).is_file():
                raise InputError(
                    "no-movielens-file",
                    f"File {self._root / self._folder / name} is missing. A {edition.title} folder "
                    f"holds {', '.join(edition.tables.values())} (or {edition.folder} with them). "
                    f"Unpack {archive} there."
                )
        for side, columns in edition.columns.items():
            self._check_header(self._root / self._folder / edition.tables[side], columns)
        if edition.content:
            self._content.check()
            self._details.check()

    @property
    def schema(self) -> str:
        """The name of the edition's schema folder."""
        return self._edition.schema

    @property
    def _edition(self) -> Edition:
        return EDITIONS[self.name]

    @property
    def _root(self) -> Path:
        return Path(self.data_dir)

    @property
    def _folder(self) -> str:
        return self._edition.folder if (self._root / self._edition.folder).is_dir() else ""

    @property
    def _content(self) -> TmdbContent:
        return TmdbContent(self._root)

    @property
    def _details(self) -> ImdbContent:
        return ImdbContent(self._root)

    def has_table(self, side: str) -> bool:
        """Returns whether the edition has such a table; the latest ones have none of users."""
        return side in self._edition.tables

    def files(self) -> list[Path]:
        """Returns the edition's tables, and whatever else is there of content."""
        tables = [self._root / self._folder / name for name in self._edition.tables.values()]
        if not self._edition.content:
            return tables
        return tables + self._content.files() + self._details.files()

    def shards(self, side: str) -> list[str]:
        """Returns the one file of a table, relative to the dataset's folder."""
        if side not in self._edition.tables:
            raise unknown("table", side, self._edition.tables)
        return [(Path(self._folder) / self._edition.tables[side]).as_posix()]

    def records(self, side: str, shard: str) -> Iterator[Record]:
        """Yields the rows of a table; numbers stay text, which ingest converts and checks."""
        if side not in self._edition.tables:
            raise unknown("table", side, self._edition.tables)
        content = self._content if side == "items" and self._edition.content else None
        details = self._details
        for line, values, faults in self._edition.read(side, self._root / shard):
            if content and values:
                film = values["item_id"] or ""
                columns, doubts = content.of(film)
                values, faults = values | columns | details.of(film), faults + doubts
            yield Record(values, shard, line, faults)

    def _check_header(self, path: Path, columns: Mapping[str, str]) -> None:
        header = csv_columns(path, CSV)
        missing = [name for name in columns.values() if name not in header]
        if missing:
            raise InputError(
                "movielens-column-missing",
                f"File {path} has no column {', '.join(missing)}; it has {', '.join(header)}. "
                f"Expected {self._edition.title} as GroupLens packs it."
            )
