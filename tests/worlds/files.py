"""Tables as files that a user could have, and the source that reads them."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from components.sources import Record, open_source
from components.sources.base import Source
from schemas import FeatureSpec


def own_source(folder: Path, kind: str, spec: FeatureSpec, **options: Any) -> Source:
    """Opens files of one's own; the options are those of `source:` in a configuration."""
    return open_source(kind, str(folder), {"spec": {"name": spec.name, "texts": spec.texts},
                                           "options": options})


def records(source: Source, side: str = "interactions") -> list[Record]:
    """Returns the rows of a table, of all its shards."""
    return [record for shard in source.shards(side) for record in source.records(side, shard)]


def json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows as JSON Lines, in a folder that is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def own_project(folder: Path, schemas: Mapping[str, str], **values: Any) -> Path:
    """Writes schemas by table and a configuration, which reads CSV files; returns its path."""
    (folder / "schemas").mkdir(exist_ok=True)
    for side, text in schemas.items():
        (folder / "schemas" / f"{side}.pbtxt").write_text(text)
    tree = {"dataset": "csv", "schemas": "schemas",
            "source": {"interactions": {"files": "events.csv"}}, **values}
    (folder / "my.yaml").write_text(yaml.safe_dump(tree))
    return folder / "my.yaml"


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Returns a zip archive of files by their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def json_source(folder: Path, spec: FeatureSpec, tables: Mapping[str, Iterable[Mapping[str, Any]]],
                **options: Any) -> Source:
    """Writes tables as JSON Lines, and opens them."""
    for side, rows in tables.items():
        json_lines(folder / f"{side}.jsonl", rows)
    files = {side: {"files": f"{side}.jsonl"} for side in tables}
    return own_source(folder, "jsonl", spec, **files, **options)
