"""What a user did before each event, built once at ingest.

For a training row, earlier means a smaller timestamp: events of the same second are not history.
For a validation row it means all of training, for a test row all of training and validation, and
never a row of the same split: whatever happens to the other rows of a test set, no test row's
features change.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from schemas import Feature, FeatureSpec
from schemas.order import tie_break

Row = dict[str, list[Any]]


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
            times[i], tie_break(_text(rows[i][user][0]), _text(rows[i][item][0]))))


def _absent(feature: Feature) -> list[Any]:
    """The documented 'absent' value, which keeps the columns of a history aligned."""
    return [b"" if feature.dtype is bytes else feature.dtype(-1)]


def _text(identity: Any) -> str:
    return identity.decode("utf-8", "replace") if isinstance(identity, bytes) else str(identity)
