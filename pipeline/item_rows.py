"""What a person sees of an item: its title and its files, from the dataset's own table."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.sources import open_source
from pipeline.config import RunConfig
from schemas import Feature
from schemas.values.text import as_text, normal_identity


@dataclass(frozen=True)
class ItemRow:
    """What a person sees of an item.

    Attributes:
      title: The item's first text of one value, in the order of the schema; '' without one.
      files: Paths of its pictures, sounds and videos.
    """

    title: str
    files: tuple[Path, ...]


def item_rows(config: RunConfig, ids: Collection[str]) -> dict[str, ItemRow]:
    """Reads some items of a dataset.

    Args:
      config: Which dataset.
      ids: The items; others are left out.

    Returns:
      Items by id, of those that the table has.

    Raises:
      InputError: The dataset cannot be read.
    """
    spec = config.spec()
    source = open_source(**config.source_arguments(spec))
    if not source.has_table("items"):
        return {}
    key = spec.id_key("items").name
    titles = [f for f in spec.table("items") if f.language and f.scalar and not f.pii]
    media = [f for f in spec.table("items") if f.media and not f.pii]
    rows: dict[str, ItemRow] = {}
    for shard in source.shards("items"):
        for record in source.records("items", shard):
            item_id = normal_identity(as_text(record.values.get(key)))  # as ingest writes it
            if item_id in ids:
                rows[item_id] = ItemRow(_title(record.values, titles), tuple(
                    file for one in media for file in _files(record.values.get(one.name))))
    return rows


def _title(values: dict[str, Any], columns: list[Feature]) -> str:
    value = values.get(columns[0].name) if columns else None
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


def _files(value: Any) -> list[Path]:
    """Returns the paths among a column's values; content that is in the table has none."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several if isinstance(one, Path)]
