"""Tables as files that a user could have, and the source that reads them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

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
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
                    encoding="utf-8")
