"""A shop in files that faults are seeded in: three tables of text, media, and schemas."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from google.protobuf import text_format

from components.sources import open_source
from components.sources.base import Source
from schemas import SIDES, FeatureSpec, parse_spec


@dataclass
class Shop:
    """Files to spoil.

    Attributes:
      folder: Where they are.
      tables: Rows by table, all values as text, empty where there is none.
      texts: The schemas, in the order of `SIDES`.
      separator: What is between the values of a list.
    """

    folder: Path
    tables: dict[str, pd.DataFrame]
    texts: list[str]
    separator: str = "|"

    @staticmethod
    def read(folder: Path, spec: FeatureSpec) -> "Shop":
        """Reads a shop of CSV files that are called like the tables."""
        tables = {side: pd.read_csv(folder / f"{side}.csv", dtype=str, keep_default_na=False)
                  for side in SIDES}
        return Shop(folder, tables, list(spec.texts))

    def copy(self, folder: Path) -> "Shop":
        """Returns a copy in another folder, its media as links that a fault may replace."""
        media = self.folder / "media"
        if media.is_dir():
            shutil.copytree(media, folder / "media", copy_function=_link)
        return Shop(folder, {side: table.copy() for side, table in self.tables.items()},
                    list(self.texts), self.separator)

    def without_media(self) -> "Shop":
        """Returns the same shop without pictures, sounds and films, which take most of the time."""
        texts, tables = [], {}
        for side in SIDES:
            media = [f.name for f in self.spec.table(side) if f.media]
            schema = self.spec.schema(side)
            kept = [feature for feature in schema.feature if feature.name not in media]
            del schema.feature[:]
            schema.feature.extend(kept)
            texts.append(text_format.MessageToString(schema, as_utf8=True))
            tables[side] = self.tables[side].drop(columns=media, errors="ignore")
        return Shop(self.folder / "without-media", tables, texts, self.separator)

    @property
    def spec(self) -> FeatureSpec:
        """The spec of the schemas as they are now."""
        return parse_spec("shop", self.texts)

    def write(self) -> Source:
        """Writes the tables that are not there as files yet, and opens the source."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for side, table in self.tables.items():
            path = self.folder / f"{side}.csv"
            if not path.exists():
                table.to_csv(path, index=False)
        options: dict[str, Any] = {side: {"files": f"{side}.csv"} for side in SIDES}
        options["list_separator"] = self.separator
        return open_source("csv", str(self.folder), {
            "spec": {"name": "shop", "texts": self.texts}, "options": options})

    def medium(self, path: str, content: bytes) -> None:
        """Replaces a file of media, and not what it is a link to."""
        (self.folder / path).unlink()
        (self.folder / path).write_bytes(content)


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
