"""Items that a user has no event with, drawn for each event: examples of what was not chosen."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from components.catalog_gen.histories import Row
from components.catalog_gen.splits import SPLITS
from schemas import FeatureSpec

# A user with events on more than this share of the items gets a list of the others to draw from.
_REJECTED = 0.5


class Unseen:
    """Fills the column of unseen items, where a schema has one.

    The items of a row have no event of the user in its own split or an earlier one. Items of later
    splits may be among them, or training would know what is held out.
    """

    def __init__(self, spec: FeatureSpec, items: Sequence[Any]):
        """Looks up the column.

        Args:
          spec: The dataset's spec.
          items: All ids of the items table, each once, in an order that is always the same.
        """
        self._feature = spec.unseen()
        self._items = items
        self._item = spec.role("item_id").name
        self._seed_columns = [spec.role(role).name for role in ("user_id", "item_id", "timestamp")
                              if spec.has_role(role)]

    def add(self, rows: Sequence[Row], splits: Sequence[str]) -> None:
        """Adds the column to one user's events, in place.

        The items are drawn uniformly and without repetition, from a seed that is a hash of user,
        item, time and the number of the event among equal ones. A user of almost all items
        gets fewer items than the column has room for, perhaps none.

        Args:
          rows: All events of the user, as lists of values by column.
          splits: The split of each event.
        """
        if self._feature is None or self._feature.max_values is None:
            return
        item = self._item
        drawers, seen = {}, set()
        for name in SPLITS:  # each excludes the items of those before it
            seen |= {row[item][0] for row, split in zip(rows, splits, strict=True) if split == name}
            drawers[name] = _Drawer(self._items, frozenset(seen))
        repeats: Counter[tuple] = Counter()
        for row, split in zip(rows, splits, strict=True):
            event = tuple(row[column][0] for column in self._seed_columns)
            row[self._feature.name] = drawers[split].draw(
                self._feature.max_values, repr((*event, repeats[event])).encode())
            repeats[event] += 1


class _Drawer:
    """Draws among the items that are not in a set."""

    def __init__(self, items: Sequence[Any], seen: Collection[Any]):
        self._items, self._met = items, seen
        self._others: list[Any] | None = None
        if len(seen) > _REJECTED * len(items):
            self._others = [item for item in items if item not in seen]

    def draw(self, count: int, seed: bytes) -> list[Any]:
        among, left = self._items, len(self._items) - len(self._met)
        if self._others is not None:
            among, left = self._others, len(self._others)
        if count >= left:
            return [item for item in among if item not in self._met]
        drawn: dict[Any, None] = {}
        for number in _numbers(seed):
            item = among[number * len(among) >> 64]
            if item not in self._met:
                drawn[item] = None
            if len(drawn) == count:
                return list(drawn)
        return []


def _numbers(seed: bytes) -> Iterator[int]:
    """Yields numbers of 64 bits without end."""
    block = 0
    while True:
        digest = hashlib.blake2b(seed, person=b"unseen", salt=block.to_bytes(8)).digest()
        for start in range(0, len(digest), 8):
            yield int.from_bytes(digest[start : start + 8])
        block += 1
