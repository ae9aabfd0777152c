"""What a user did before each event, and items drawn that the user has no event with."""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from components.catalog_gen.splits import SPLITS
from schemas import Feature, FeatureSpec
from schemas.values.text import as_text
from schemas.values.times import tie_break

Row = dict[str, list[Any]]
# A user with events on more than this share of the items gets a list of the others to draw from.
_REJECTED = 0.5


class Histories:
    """Builds the history columns that a schema declares."""

    def __init__(self, spec: FeatureSpec):
        """Looks up the columns.

        Args:
          spec: The dataset's spec.
        """
        self._columns = [
            (feature.name, spec.history_source(what).name, _absent(feature), feature.max_values)
            for what, feature in spec.histories().items()
        ]
        if self._columns:
            self._time = spec.role("timestamp").name
            self._identities = [spec.role(role).name for role in ("user_id", "item_id")]

    def add(self, rows: Sequence[Row], splits: Sequence[str]) -> None:
        """Adds the history columns to one user's events, in place, newest first.

        Args:
          rows: All events of the user, as lists of values by column.
          splits: The split of each event.
        """
        if not self._columns:
            return
        times = [row[self._time][0] for row in rows]
        newest_first = self._order(rows, times)[::-1]
        train = [i for i in newest_first if splits[i] == "train"]
        known = [i for i in newest_first if splits[i] != "test"]
        ages = [-times[i] for i in train]  # ascending, for bisect
        # Where each row's history starts, in the events of training or in all known ones.
        starts = [bisect_right(ages, -time) if split == "train" else 0
                  for time, split in zip(times, splits, strict=True)]
        for name, source, absent, most in self._columns:
            of_train = [rows[i].get(source, absent)[0] for i in train]
            of_known = [rows[i].get(source, absent)[0] for i in known]
            for row, split, start in zip(rows, splits, starts, strict=True):
                past = of_known if split == "test" else of_train
                row[name] = past[start : start + most] if most else past[start:]

    def _order(self, rows: Sequence[Row], times: list[int]) -> list[int]:
        if len(set(times)) == len(times):
            return sorted(range(len(times)), key=times.__getitem__)
        user, item = self._identities
        return sorted(range(len(times)), key=lambda i: (
            times[i], tie_break(as_text(rows[i][user][0]), as_text(rows[i][item][0]))))


def _absent(feature: Feature) -> list[Any]:
    """The documented 'absent' value, which keeps the columns of a history aligned."""
    return [b"" if feature.dtype is bytes else feature.dtype(-1)]


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
