"""All items that a dataset knows: those of its items table, or else those of its events."""

import marshal
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from components.catalog_gen.shards import Spilled, of_table
from schemas.values.identities import likeness


@dataclass(frozen=True)
class Catalogue:
    """The ids of all items.

    Attributes:
      ids: The ids, each once, in ascending order.
    """

    ids: list[Any]

    @cached_property
    def positions(self) -> dict[Any, int]:
        """The place of each id."""
        return {identity: position for position, identity in enumerate(self.ids)}

    def similar(self, identity: Any) -> Any:
        """Returns the id that somebody may have meant, `None` where there is none.

        Args:
          identity: An id that the catalogue lacks. A catalogue of numbers has none that is
            similar: two numbers that differ are two ids.
        """
        if not isinstance(identity, bytes):
            return None
        return self._alike.get(likeness(identity.decode("utf-8", "replace")))

    @cached_property
    def _alike(self) -> dict[str, bytes]:
        return {likeness(one.decode("utf-8", "replace")): one for one in reversed(self.ids)}


def write_catalogue(spilled: Iterable[Spilled], has_items: bool, path: str) -> str:
    """Gathers the ids of all shards in one file.

    Args:
      spilled: All shards of all tables.
      has_items: Whether the dataset has a table of items.
      path: The file to write.

    Returns:
      The file's path.
    """
    ids: set[Any] = set()
    for one in of_table(spilled, "items" if has_items else "interactions"):
        if one.items is not None:
            ids.update(marshal.loads(Path(one.items).read_bytes()))
    Path(path).write_bytes(marshal.dumps(sorted(ids)))
    return path


def read_catalogue(path: str) -> Catalogue:
    """Reads what `write_catalogue` wrote."""
    return Catalogue(marshal.loads(Path(path).read_bytes()))
