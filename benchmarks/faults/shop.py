"""A shop in files that faults are seeded in: three tables of text, media, and schemas."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from google.protobuf import text_format

from components.sources import open_source
from components.sources.base import Source
from schemas import SIDES, Feature, FeatureSpec, Label, parse_spec


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
    def read(source: Source, spec: FeatureSpec, users: int = 1) -> "Shop":
        """Reads all tables of a source.

        Args:
          source: The opened source.
          spec: Its spec.
          users: One of so many users is taken.
        """
        root = Path(source.data_dir).resolve()
        tables = {}
        for side in SIDES:
            names = [f.name for f in spec.table(side) if not f.derived]
            rows = [[_text(record.values.get(name), root) for name in names]
                    for shard in source.shards(side) for record in source.records(side, shard)]
            tables[side] = pd.DataFrame(rows, columns=names)
        key, sample = spec.role("user_id").name, tables["users"].iloc[::users]
        events = tables["interactions"]
        tables["users"] = sample.reset_index(drop=True)
        tables["interactions"] = events[events[key].isin(set(sample[key]))].reset_index(drop=True)
        return Shop(root, tables, list(spec.texts))

    def find(self, kind: str) -> tuple[str, str]:
        """Returns the table and the column of a kind, by what the schemas say.

        Raises:
          LookupError: The shop has none.
        """
        side, place, matches = _KINDS[kind]
        spec = self.spec
        names = [f.name for f in spec.table(side) if not f.derived and not f.pii and matches(
            f, [one for one in spec.labels_of(side) if one.feature == f.name])]
        if len(names) <= place:
            raise LookupError(kind)
        return side, names[place]

    def copy(self, folder: Path) -> "Shop":
        """Returns a copy in another folder, its media as links that a fault may replace."""
        media = [(side, f.name) for side in SIDES for f in self.spec.table(side) if f.media]
        for side, name in media:
            for path in filter(None, self.tables[side].get(name, ())):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                if not (folder / path).exists() and (self.folder / path).exists():
                    shutil.copyfile(self.folder / path, folder / path)
        return Shop(folder, {side: table.copy() for side, table in self.tables.items()},
                    list(self.texts), self.separator)

    def without_media(self) -> "Shop":
        """Returns the same shop without pictures, sounds and films, which take most of the time."""
        texts, tables = [], {}
        for side in SIDES:
            media = [f.name for f in self.spec.table(side) if f.media]
            schema = self.spec.schema(side)
            features = [feature for feature in schema.feature if feature.name not in media]
            del schema.feature[:]
            schema.feature.extend(features)
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
        """Replaces a file of media."""
        (self.folder / path).write_bytes(content)


_KINDS: dict[str, tuple[str, int, Callable[[Feature, list[Label]], bool]]] = {
    "user": ("users", 0, lambda f, _: f.role == "user_id"),
    "event user": ("interactions", 0, lambda f, _: f.role == "user_id"),
    "item": ("items", 0, lambda f, _: f.role == "item_id"),
    "time": ("interactions", 0, lambda f, _: f.role == "timestamp"),
    "label": ("interactions", 0, lambda f, labels: any(not one.binary for one in labels)),
    "flag": ("interactions", 0, lambda f, labels: bool(labels) and all(o.binary for o in labels)),
    "review": ("interactions", 0, lambda f, _: f.language),
    "title": ("items", 0, lambda f, _: f.language),
    "text": ("items", 1, lambda f, _: f.language),
    "category": ("items", 0, lambda f, _: f.categories),
    "number": ("items", 0, lambda f, _: f.modality == "numeric"),
    "picture": ("items", 0, lambda f, _: f.modality == "image"),
    "sound": ("items", 0, lambda f, _: f.modality == "audio"),
    "user number": ("users", 0, lambda f, _: f.modality == "numeric"),
    "user class": ("users", 0, lambda f, labels: any(one.classes for one in labels)),
}


def _text(value: Any, root: Path) -> str:
    """Returns a value as a CSV file has it."""
    if isinstance(value, Path):
        return value.relative_to(root).as_posix()
    return "|".join(value) if isinstance(value, list) else "" if value is None else str(value)
