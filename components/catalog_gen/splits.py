"""Which rows train, validate and test: per user in time, global in time."""

from collections.abc import Sequence

from schemas import FeatureSpec, InputError

SPLITS = ("train", "validation", "test")
PROTOCOLS = ("u80", "t80")
_TRAIN, _HELD_OUT = 0.8, 0.9


def check_protocol(protocol: str, spec: FeatureSpec) -> None:
    """Refuses a split that the dataset cannot have, before anything is read.

    Args:
      protocol: `"u80"`, `"t80"`, or the name of a column that holds the split.
      spec: The dataset's spec.

    Raises:
      InputError: The split needs a time or a column that the dataset does not have.
    """
    if protocol in PROTOCOLS:
        spec.role("timestamp")
        return
    table = spec.table("interactions")
    columns = [f.name for f in table if f.dtype is bytes and f.scalar and not f.derived]
    if protocol not in columns:
        raise InputError(
            f"Unknown split {protocol!r}. Give {' or '.join(PROTOCOLS)}, or a column of the "
            f"interactions that holds {', '.join(SPLITS)}; {spec.name!r} has the text columns "
            f"{', '.join(columns)}."
        )


def split_fault(row: dict[str, list], protocol: str) -> str | None:
    """Tells why a row's own split cannot be used, or `None`."""
    if protocol in PROTOCOLS:
        return None
    given = row[protocol][0].decode("utf-8", "replace") if protocol in row else None
    if given in SPLITS:
        return None
    return f"{protocol} {given!r} is not one of {', '.join(SPLITS)}"


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


def time_thresholds(timestamps: list[int]) -> tuple[int, int]:
    """Finds the times at which a global time split changes from split to split.

    Args:
      timestamps: All events' times in seconds, in any order.

    Returns:
      The first time that is validation and the first that is test; events of one second stay
      together.
    """
    if not timestamps:
        return 0, 0
    ordered = sorted(timestamps)
    last = len(ordered) - 1
    first, second = (min(round(share * len(ordered)), last) for share in (_TRAIN, _HELD_OUT))
    return ordered[first], ordered[second]


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
