"""Which rows train, validate and test: per user in time, global in time, at random."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from components.splits import SPLITS
from schemas import FeatureSpec, InputError

PROTOCOLS = ("u80", "t80", "random")
_TRAIN, _HELD_OUT = 0.8, 0.9
_TIMED = ("u80", "t80")
FEWEST = len(SPLITS)  # events of a user whom u80 gives a row in each split

Row = dict[str, list[Any]]


def check_protocol(protocol: str, spec: FeatureSpec) -> None:
    """Refuses a split that the dataset cannot have, before anything is read.

    Args:
      protocol: One of `PROTOCOLS`, or the name of a column that holds the split.
      spec: The dataset's spec.

    Raises:
      InputError: The split needs a time or a column that the dataset does not have.
    """
    if protocol in _TIMED and not spec.has_role("timestamp"):
        raise InputError(
            "split-needs-timestamp",
            f"Dataset {spec.name!r} has no timestamp (no feature of the interactions has the tag "
            f"'timestamp'): only split: random or a column that holds the split can be had, not "
            f"{protocol}. Set split: random."
        )
    if protocol in PROTOCOLS:
        return
    table = spec.table("interactions")
    # What a row has in the place of a split is shown, so that no personal column says it.
    columns = [f.name for f in table
               if f.dtype is bytes and f.scalar and not (f.derived or f.masked)]
    if protocol not in columns:
        raise InputError(
            "unknown-split",
            f"Unknown split {protocol!r}. Give {', '.join(PROTOCOLS[:-1])} or {PROTOCOLS[-1]}, or "
            f"a column of the interactions that holds {', '.join(SPLITS)}; {spec.name!r} has the "
            f"text columns {', '.join(columns) or '(none)'}."
        )


def split_fault(row: Row, protocol: str) -> str | None:
    """Returns why a row's own split cannot be used, or `None`."""
    if protocol in PROTOCOLS:
        return None
    given = row[protocol][0].decode("utf-8", "replace") if protocol in row else None
    if given in SPLITS:
        return None
    return f"{protocol} {given!r} is not one of {', '.join(SPLITS)}"


def no_rows(protocol: str, empty: list[str]) -> str:
    """Returns the sentence that says which splits have no row."""
    return (f"The split {protocol!r} leaves no row for {' and '.join(empty)}: a model is trained "
            "on 'train', stopped by 'validation' and judged on 'test'.")


def user_time_split(order: Sequence[tuple]) -> list[str]:
    """Splits one user's events: the first 80 % train, the next 10 % validate, the rest test.

    A user of three events or more has one at least of each split: rounding alone would take the
    validation from users of 5 to 7 events, and the test from those of 3 and 4.

    Args:
      order: One sortable key an event, (timestamp, item id); integer ids compare as integers.

    Returns:
      The split of each event, in the order given. Bounds are rounded half to even.
    """
    ranks = sorted(range(len(order)), key=order.__getitem__)
    first, second = round(_TRAIN * len(order)), round(_HELD_OUT * len(order))
    if len(order) >= FEWEST:
        second = min(second, len(order) - 1)
        first = min(first, second - 1)
    splits = [""] * len(order)
    for position, row in enumerate(ranks):
        splits[row] = SPLITS[(position >= first) + (position >= second)]
    return splits


def time_thresholds(times: Sequence[np.ndarray]) -> tuple[int, int]:
    """Finds the times at which a global time split changes from split to split.

    Args:
      times: All events' times in seconds, in arrays `(n,)` int64, each of them ascending. They
        are only searched, so that they may be on disk.

    Returns:
      The first time that is validation and the first that is test; events of one second stay
      together. Zeros where there is no event.
    """
    filled = [array for array in times if len(array)]
    events = sum(map(len, filled))
    if not events:
        return 0, 0
    first, second = (min(round(share * events), events - 1) for share in (_TRAIN, _HELD_OUT))
    return _smallest(filled, first), _smallest(filled, second)


def _smallest(arrays: Sequence[np.ndarray], rank: int) -> int:
    """Returns the value that has `rank` others before it, by halving the range of values."""
    low, high = min(int(a[0]) for a in arrays), max(int(a[-1]) for a in arrays)
    while low < high:
        middle = (low + high) // 2
        if sum(int(np.searchsorted(a, middle, "right")) for a in arrays) > rank:
            high = middle
        else:
            low = middle + 1
    return low


def time_split(timestamp: int, thresholds: tuple[int, int]) -> str:
    """Returns the split of an event under a global time split."""
    return SPLITS[(timestamp >= thresholds[0]) + (timestamp >= thresholds[1])]


def pair_split(user: Any, item: Any) -> str:
    """Returns the split of a user's events with an item, by a hash of the two ids.

    It depends on nothing else: one pair is never in two splits, and no seed moves it.
    """
    digest = hashlib.blake2b(digest_size=8, person=b"split")
    for identity in (user, item):
        text = identity if isinstance(identity, bytes) else str(identity).encode()
        digest.update(b"%d:%s" % (len(text), text))
    share = int.from_bytes(digest.digest()) / 2**64
    return SPLITS[(share >= _TRAIN) + (share >= _HELD_OUT)]


def splitter(
    spec: FeatureSpec, protocol: str, thresholds: tuple[int, int] | None = None
) -> Callable[[Sequence[Row]], list[str]]:
    """Returns what splits one user's events.

    Args:
      spec: The dataset's spec.
      protocol: One of `PROTOCOLS`, or the name of a column that holds each row's split.
      thresholds: For `"t80"`, the result of `time_thresholds`.

    Returns:
      A function from rows, lists of values by column, to the split of each.
    """
    user, item = spec.role("user_id").name, spec.role("item_id").name
    if protocol == "random":
        return lambda rows: [pair_split(row[user][0], row[item][0]) for row in rows]
    if protocol not in PROTOCOLS:
        return lambda rows: [row[protocol][0].decode() for row in rows]
    time = spec.role("timestamp").name
    if thresholds is not None:
        return lambda rows: [time_split(row[time][0], thresholds) for row in rows]
    return lambda rows: user_time_split([(row[time][0], row[item][0]) for row in rows])
