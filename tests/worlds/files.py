"""Tables as files that a user could have, and as a source that needs no file."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.sources.base import Record


@dataclass(frozen=True)
class RowsSource:
    """A source of rows in memory.

    Attributes:
      tables: Rows by table; a table that is not there is absent.
      data_dir: The dataset's folder.
      faults: What the source itself left out, by table and place (from 0 on).
    """

    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    data_dir: str = ""
    faults: Mapping[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)

    def has_table(self, side: str) -> bool:
        return side in self.tables

    def files(self) -> list[Path]:
        return []

    def shards(self, side: str) -> list[str]:
        return [side]

    def records(self, side: str, shard: str) -> Iterator[Record]:
        for place, row in enumerate(self.tables[side]):
            yield Record(dict(row), side, place + 1, self.faults.get((side, place), ()))


def write_tables(folder: Path, kind: str = "csv", **tables: Sequence[Mapping[str, Any]]
                 ) -> dict[str, dict[str, str]]:
    """Writes tables as files and returns what `source:` of a configuration says of them.

    Args:
      folder: Where to, made if it is not there.
      kind: `"csv"`, `"jsonl"` or `"parquet"`.
      tables: Rows by table. CSV's several values of a cell are joined by a bar.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for side, rows in tables.items():
        path = folder / f"{side}.{kind}"
        if kind == "parquet":
            import pyarrow
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.Table.from_pylist([*rows]), path)
        elif kind == "jsonl":
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                names = dict.fromkeys(name for row in rows for name in row)
                writer = csv.DictWriter(file, [*names])
                writer.writeheader()
                writer.writerows({name: _cell(value) for name, value in row.items()}
                                 for row in rows)
    return {side: {"files": f"{side}.{kind}"} for side in tables}


def _cell(value: Any) -> Any:
    return "|".join(map(str, value)) if isinstance(value, list) else value
