"""Reads the files of the demo shop."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.sources.base import Fault, Record
from components.sources.demo.shop import COLUMNS
from components.sources.files.delimited import csv_columns, csv_rows
from components.sources.files.text import Layout
from components.sources.files.values import ValueFault, media_path
from schemas.errors import InputError, unknown

_MEDIA = ("photo", "sound", "clip", "avatar")
_LISTS = ("categories",)
_LAYOUT = Layout()


@dataclass(frozen=True)
class DemoSource:
    """A demo shop in a folder: users.csv, items.csv, interactions.csv and media.

    Attributes:
      data_dir: The folder.

    Raises:
      InputError: The folder, a table or a column is missing.
    """

    data_dir: str

    schema = "demo"

    def __post_init__(self) -> None:
        root = Path(self.data_dir)
        if not root.is_dir():
            raise InputError(
                "no-demo-folder",
                f"Folder {root} is missing. Expected a demo shop, as "
                "components.sources.demo.write_demo(folder) writes it; write it there first."
            )
        for side, columns in COLUMNS.items():
            path = root / f"{side}.csv"
            if not path.is_file():
                raise InputError(
                    "no-demo-file",
                    f"File {path} is missing. A demo shop has {', '.join(COLUMNS)} as CSV; "
                    "write it afresh with components.sources.demo.write_demo(folder)."
                )
            header = csv_columns(path, _LAYOUT)
            missing = [c for c in columns if c not in header]
            if missing:
                raise InputError(
                    "demo-column-missing",
                    f"File {path} has no column {', '.join(missing)}; expected "
                    f"{', '.join(columns)}. Correct its first line."
                )

    def has_table(self, side: str) -> bool:
        """Returns true: all three tables are there."""
        return True

    def files(self) -> list[Path]:
        """Returns the three tables and all media."""
        root = Path(self.data_dir)
        media = sorted(path for path in (root / "media").rglob("*") if path.is_file())
        return [root / f"{side}.csv" for side in COLUMNS] + media

    def shards(self, side: str) -> list[str]:
        """Returns the one file of a table."""
        if side not in COLUMNS:
            raise unknown("table", side, COLUMNS)
        return [f"{side}.csv"]

    def records(self, side: str, shard: str) -> Iterator[Record]:
        """Yields the rows of a table; numbers stay text, which ingest converts and checks."""
        if side not in COLUMNS:
            raise unknown("table", side, COLUMNS)
        for line, row, faults in csv_rows(Path(self.data_dir) / shard, _LAYOUT):
            values, left_out = self._values(row)
            yield Record(values, shard, line, (*faults, *left_out))

    def _values(self, row: dict[str, str]) -> tuple[dict[str, Any], list[Fault]]:
        """Returns the values of a row, and why some are left out."""
        left_out = []
        # Bytes that are no UTF-8 become U+FFFD, so that one bad byte costs no more than itself.
        values: dict[str, Any] = {
            name: text if text.isascii() else text.encode(errors="surrogateescape").decode(
                errors="replace")
            for name, text in row.items() if text != ""}
        for name in _MEDIA:
            if name in values:
                try:
                    values[name] = media_path(Path(self.data_dir).resolve(), values[name])
                except ValueFault as fault:
                    left_out.append(Fault(f"{name}: {fault}", name))
                    del values[name]
        for name in _LISTS:
            if name in values:
                values[name] = values[name].split("|")
        return values, left_out
