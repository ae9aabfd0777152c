"""When events are, whose they are, and which of them are there more than once."""

from typing import Any

import numpy as np

from components.data_profile.shown import ROWS, shown_rows
from components.data_profile.sketch import keyed, short
from components.data_profile.tables import Table, codes
from schemas import Feature, FeatureSpec, Label
from schemas.values.text import as_text, unnamed

DAY, _HOUR = 86_400, 3_600
_SOON = 60  # seconds within which the same event again is a repetition
_OLD = 631_152_000  # 1990; older seconds are zero, or another unit
_PAIRS = 5_000  # pairs of user and item whose times the next run is compared with
_DAYS = 5_000  # most days that are counted one by one
_HOURLY = 60  # newest days whose hours are
_BUSIEST = 5  # users


def profile_events(spec: FeatureSpec, table: Table, now: int) -> dict[str, Any]:
    """Returns what the events of a dataset are like.

    Args:
      spec: The dataset's spec.
      table: The interactions.
      now: The present second.

    Returns:
      `rows`, distinct `users` and `items`; shares of the events that are of a pair of user and
      item with several (`recurring`), and of the busiest user and item (`top_user`, `top_item`);
      a sample of such `pairs`, and the share of all possible ones that there are (`density`); and
      where events have times, `busiest`, how many events of one user are within an hour at most,
      `busy` and `busy_99`, the median and the 99th percentile of the users' own, some of such
      users by a hash (`busy_users`), `oldest`, `newest`, events by `hours` of the day, shares in
      the `future`, before 1990 (`old`), of `repeated` ones and of those in the most frequent
      second (`same_time`); and by day since 1970 the events (`days`), the sum of the `squares` of
      the users' numbers of events, for each of the `labels` how many events have it, and the sum
      of its values, for each other column how many have a value (`filled`), and of the newest days
      the events by hour (`day_hours`).
    """
    user, item = (codes(table.columns[spec.role(role).name].values)
                  for role in ("user_id", "item_id"))
    profile: dict[str, Any] = {"rows": table.rows, "users": len(np.unique(user)),
                               "items": len(np.unique(item))}
    if not table.rows:
        return profile
    _, of_pair, sizes = np.unique(user * np.int64(table.rows) + item, return_inverse=True,
                                  return_counts=True)
    profile |= {"recurring": float((sizes[of_pair] > 1).mean()), "pairs": _pairs(spec, table),
                "density": len(sizes) / (profile["users"] * profile["items"]),
                **{f"top_{name}": float(np.bincount(codes).max() / table.rows)
                   for name, codes in (("user", user), ("item", item))}}
    if not spec.has_role("timestamp"):
        return profile
    time, timed = table.columns[spec.role("timestamp").name].at(table.rows)
    kind = np.zeros(table.rows, np.int64)
    if spec.has_role("event_type"):  # a row without one is another kind
        kind = codes(table.columns[spec.role("event_type").name].at(table.rows)[0])
    order = np.lexsort((time, kind, item, user))
    same = np.all([np.diff(part[order]) == 0 for part in (user, item, kind)], axis=0)
    gaps = np.diff(time[order])
    busy = _most_within_an_hour(user, time)
    profile |= {
        "repeated": float((same & (gaps > 0) & (gaps <= _SOON)).sum() / table.rows),
        "busiest": int(busy.max()), "busy": float(np.median(busy)),
        "busy_99": float(np.quantile(busy, 0.99)),
        "busy_users": _busiest(busy, user, table.columns[spec.role("user_id").name].values, time),
        "oldest": int(time[timed].min()), "newest": int(time[timed].max()),
        "future": float((time > now + DAY).mean()), "old": float((time < _OLD).mean()),
        "hours": np.bincount(time[timed] // _HOUR % 24, minlength=24).tolist(),
        "same_time": float(np.unique(time[timed], return_counts=True)[1].max() / table.rows),
        **_days(user[timed], time[timed] // DAY),
        "day_hours": _day_hours(time[timed] // _HOUR),
        "labels": {label.name: _label_days(label, table, time, timed)
                   for label in spec.labels_of("interactions") if not label.classes},
        "filled": {f.name: _filled_days(table, f.name, time, timed) for f in own_columns(spec)},
    }
    return profile


def own_columns(spec: FeatureSpec) -> list[Feature]:
    """Returns the columns of events that are delivered and neither roles nor labels."""
    labels = {label.feature for label in spec.labels_of("interactions")}
    return [f for f in spec.table("interactions")
            if not f.role and not f.derived and f.name not in labels]


def _filled_days(table: Table, name: str, time: np.ndarray, timed: np.ndarray) -> dict[str, int]:
    filled = table.columns[name].at(table.rows)[1] & timed
    days, counts = np.unique(time[filled] // DAY, return_counts=True)
    return {str(day): int(count) for day, count in zip(days[-_DAYS:], counts[-_DAYS:], strict=True)}


def _busiest(busy: np.ndarray, user: np.ndarray, ids: np.ndarray, time: np.ndarray
             ) -> list[dict[str, Any]]:
    """Returns the busiest users by a hash of their ids, with their events and the newest one."""
    users = []
    for code in np.argsort(-busy, kind="stable")[:_BUSIEST].tolist():
        rows = np.flatnonzero(user == code)
        users.append({"user": unnamed(as_text(ids[rows[0]])), "busiest": int(busy[code]),
                      "events": len(rows), "newest": int(time[rows].max())})
    return users


def _days(user: np.ndarray, day: np.ndarray) -> dict[str, dict[str, int]]:
    days, place, counts = np.unique(day, return_inverse=True, return_counts=True)
    visits, sizes = np.unique(user * len(days) + place, return_counts=True)
    squares = np.bincount(visits % len(days), sizes**2.0, len(days)) if len(days) else counts
    return {name: {str(one): int(number)
                   for one, number in zip(days[-_DAYS:], numbers[-_DAYS:], strict=True)}
            for name, numbers in (("days", counts), ("squares", squares))}


def _day_hours(hours: np.ndarray) -> dict[str, list[int]]:
    """Returns the events of the newest days by hour of the day, from hours since 1970."""
    first = hours.max() // 24 - _HOURLY + 1
    days, place = np.unique(hours[hours >= 24 * first] // 24, return_inverse=True)
    counts = np.bincount(24 * place + hours[hours >= 24 * first] % 24, minlength=24 * len(days))
    return dict(zip(map(str, days.tolist()), counts.reshape(-1, 24).tolist(), strict=True))


def _label_days(label: Label, table: Table, time: np.ndarray, timed: np.ndarray
                ) -> dict[str, list[float]]:
    values, filled = table.columns[label.feature].at(table.rows)
    filled = filled & timed
    given = values[filled]
    if label.equals is not None:
        given = given == label.equals.encode()
    elif label.threshold is not None:
        given = given >= label.threshold
    days, place = np.unique(time[filled] // DAY, return_inverse=True)
    counts = np.bincount(place, minlength=len(days))
    sums = np.bincount(place, given.astype(np.float64), minlength=len(days))
    return {str(day): [int(count), float(total)]
            for day, count, total in zip(days[-_DAYS:], counts[-_DAYS:], sums[-_DAYS:],
                                         strict=True)}


def _most_within_an_hour(user: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Returns how many events of each user are within one hour at most, `(users,)`."""
    order = np.lexsort((time, user))
    user, time = user[order], time[order]
    # Users one after the other on one axis, further apart than an hour.
    span = int(time.max() - time.min()) + 2 * _HOUR
    axis = (time - time.min()).astype(np.int64) + user.astype(np.int64) * span
    within = np.searchsorted(axis, axis + _HOUR, side="right") - np.arange(len(axis))
    busy = np.zeros(int(user.max()) + 1, np.int64)
    np.maximum.at(busy, user, within)
    return busy


def _pairs(spec: FeatureSpec, table: Table) -> dict[str, Any]:
    """Returns a sample of the pairs of a user and an item, chosen by their hashes.

    Args:
      spec: The dataset's spec.
      table: The interactions.

    Returns:
      `largest`, the hash below which all pairs are in the sample; `counts`, by the hash of a pair
      its number of events; `values`, of each column of the pair's first event that is no id, by
      column and hash, texts as hashes; and `shown`, the events of some pairs with one, see
      `components.data_profile.shown`. Two runs choose the same pairs.
    """
    ids = zip(*(table.columns[spec.role(role).name].values for role in ("user_id", "item_id")),
              strict=True)
    hashes = np.array([keyed(f"{user}/{item}") for user, item in ids], np.uint64)
    chosen, first, counts = (part[:_PAIRS] for part in np.unique(
        hashes, return_index=True, return_counts=True))
    keys = [format(int(key), "x") for key in chosen]
    labels = dict.fromkeys(label.feature for label in spec.labels_of("interactions"))
    values = {name: {key: kept for key, row in zip(keys, first.tolist(), strict=True)
                     if (kept := short(table.columns[name].of(row))) is not None}
              for name in (*labels, *(f.name for f in own_columns(spec) if not f.pii))}
    if spec.has_role("timestamp"):
        name = spec.role("timestamp").name
        times, filled = (part[first].tolist() for part in table.columns[name].at(table.rows))
        values[name] = {key: time for key, time, one in zip(keys, times, filled, strict=True)
                        if one}
    return {"largest": keys[-1] if len(keys) == _PAIRS else format(2**64 - 1, "x"),
            "counts": dict(zip(keys, counts.tolist(), strict=True)), "values": values,
            "shown": shown_rows(spec, "interactions", table, {
                key: row for key, row, count in zip(
                    keys[:ROWS], first.tolist(), counts, strict=False) if count == 1})}
