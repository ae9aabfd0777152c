"""A bucket's tables put together, one row an id, and all items that a dataset knows."""

import marshal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from components.catalog_gen.faults import FaultWriter, Origin
from components.catalog_gen.histories import Row
from components.catalog_gen.shards import Packed, Spilled, SpilledRows, of_table
from components.catalog_gen.splits import split_fault
from components.sources.base import Fault
from schemas import Feature, FeatureSpec
from schemas.values.text import NOT_SHOWN, likeness, shown


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


def unique_rows(
    rows: SpilledRows, parts: range, spec: FeatureSpec, side: str, faults: FaultWriter
) -> dict[Any, Packed]:
    """Keeps the first row of each id.

    Args:
      rows: The table of users or items.
      parts: Which parts of it.
      spec: The dataset's spec.
      side: The table's name.
      faults: Takes the other rows.

    Returns:
      The rows kept, by id.
    """
    key = spec.id_key(side).name
    kept: dict[Any, Packed] = {}
    for identity, row in rows.read(parts):
        first = kept.setdefault(identity, row)
        if first is not row:
            source, line = rows.origin(first)
            twice = _shown(identity, spec.id_key(side))
            reason = f"{key} {twice} is already in {source}, line {line}"
            faults.add(side, rows.origin(row), "row", Fault(reason, key))
    return kept


class UserJoin:
    """Joins users with their events, and leaves out the events that cannot be used.

    With a timestamp, an event is kept once: a second row of the same user, item, time and type is
    left out. Without one, repeated rows are no different from repeated events and are kept.
    """

    def __init__(
        self, spec: FeatureSpec, protocol: str, has_users: bool, spilled: Iterable[Spilled],
        known: Catalogue, faults: FaultWriter,
    ):
        """Prepares to read.

        Args:
          spec: The dataset's spec.
          protocol: How events are split.
          has_users: Whether the dataset has a table of users; else they are those with events.
          spilled: All shards of all tables.
          known: All items.
          faults: Takes what is left out.
        """
        shards = list(spilled)
        self._spec, self._protocol, self._has_users = spec, protocol, has_users
        self._users = SpilledRows(shards, spec, "users")
        self._events = SpilledRows(shards, spec, "interactions")
        self._catalogue, self._known, self._faults = known, known.positions, faults
        self._user, self._item = spec.role("user_id").name, spec.role("item_id").name
        self._same = [spec.role(role).name for role in ("item_id", "timestamp", "event_type")
                      if spec.has_role(role)] if spec.has_role("timestamp") else []

    def read(self, parts: range) -> Iterator[tuple[Row, list[Row]]]:
        """Yields the row of each user in some parts, by id, with the kept events in order."""
        events: dict[Any, list[Packed]] = {}
        for identity, packed in self._events.read(parts):
            events.setdefault(identity, []).append(packed)
        users: dict[Any, Packed] = {}
        if self._has_users:
            users = unique_rows(self._users, parts, self._spec, "users", self._faults)
        key = self._spec.id_key("users").name
        for identity in sorted(users.keys() | events.keys()):
            known = identity in users or not self._has_users
            kept = self._kept(events.pop(identity, []), known)
            if identity in users:
                yield self._users.unpack(users.pop(identity)), kept
            elif known:
                yield {key: [identity]}, kept

    def _kept(self, events: list[Packed], known_user: bool) -> list[Row]:
        kept: list[Row] = []
        seen: dict[tuple, Origin] = {}
        for packed in events:
            row, origin = self._events.unpack(packed), self._events.origin(packed)
            if fault := self._fault(row, origin, known_user, seen):
                self._faults.add("interactions", origin, "row", fault)
            else:
                kept.append(row)
        return kept

    def _fault(
        self, row: Row, origin: Origin, known_user: bool, seen: dict[tuple, Origin]
    ) -> Fault | None:
        if row[self._item][0] not in self._known:
            return Fault(self._unknown_item(row[self._item][0]), self._item)
        if not known_user:
            user = _shown(row[self._user][0], self._spec.role("user_id"))
            return Fault(f"{self._user} {user} is not in the table of users", self._user)
        if reason := split_fault(row, self._protocol):
            return Fault(reason, self._protocol)
        if not self._same:
            return None
        event = tuple([value for column in self._same for value in row.get(column, ())])
        first = seen.setdefault(event, origin)
        if first is not origin:
            return Fault(f"the same event is already in {first[0]}, line {first[1]}")
        return None

    def _unknown_item(self, identity: Any) -> str:
        feature, similar = self._spec.role("item_id"), self._catalogue.similar(identity)
        reason = f"{self._item} {_shown(identity, feature)} is not in the table of items"
        return reason if similar is None else f"{reason}, which has {_shown(similar, feature)}"


def _shown(identity: Any, feature: Feature) -> str:
    if feature.pii:
        return NOT_SHOWN
    if isinstance(identity, bytes):
        return shown(identity.decode("utf-8", "replace"))
    return repr(identity)
