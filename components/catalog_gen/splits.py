"""Which rows train, validate and test: per user in time, global in time."""

from collections.abc import Sequence

import numpy as np

from schemas import FeatureSpec

SPLITS = ("train", "validation", "test")
PROTOCOLS = ("u80", "t80")
_TRAIN, _HELD_OUT = 0.8, 0.9


def user_time_split(order: Sequence[tuple]) -> list[str]:
    """Splits one user's events: the first 80 % train, the next 10 % validate, the rest test.

    Args:
      order: One sortable key an event, (timestamp, item id); integer ids compare as integers.

    Returns:
      The split of each event, in the order given. Bounds are rounded half to even.
    """
    ranks = sorted(range(len(order)), key=order.__getitem__)
    first, second = round(_TRAIN * len(order)), round(_HELD_OUT * len(order))
    splits = [""] * len(order)
    for position, row in enumerate(ranks):
        splits[row] = SPLITS[(position >= first) + (position >= second)]
    return splits


def time_thresholds(timestamps: np.ndarray) -> tuple[int, int]:
    """Finds the times at which a global time split changes from split to split.

    Args:
      timestamps: All events' times in seconds, `(events,)`.

    Returns:
      The first time that is validation and the first that is test; events of one second stay
      together.
    """
    ordered = np.sort(timestamps)
    if not len(ordered):
        return 0, 0
    last = len(ordered) - 1
    first, second = (min(round(share * len(ordered)), last) for share in (_TRAIN, _HELD_OUT))
    return int(ordered[first]), int(ordered[second])


def time_split(timestamp: int, thresholds: tuple[int, int]) -> str:
    """Returns the split of an event under a global time split."""
    return SPLITS[(timestamp >= thresholds[0]) + (timestamp >= thresholds[1])]


def split_rows(
    rows: Sequence[dict[str, list]],
    spec: FeatureSpec,
    protocol: str,
    thresholds: tuple[int, int] | None,
) -> list[str]:
    """Splits one user's events.

    Args:
      rows: Lists of values by column.
      spec: The dataset's spec.
      protocol: `"u80"`, `"t80"`, or the name of a column that holds the split.
      thresholds: For `"t80"`, the result of `time_thresholds`.

    Returns:
      The split of each event.
    """
    if protocol not in PROTOCOLS:
        return [row[protocol][0].decode() for row in rows]
    time, item = spec.role("timestamp").name, spec.role("item_id").name
    if thresholds is not None:
        return [time_split(row[time][0], thresholds) for row in rows]
    return user_time_split([(row[time][0], row[item][0]) for row in rows])
