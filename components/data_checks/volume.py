"""Checks of how much there is: rows, events a day, days, users and items with events."""

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any

from components.data_checks.check import Data, Measured, check

_FEW = 20  # rows or events; of fewer no share says anything
_USERS, _MANY_USERS = 5, 10  # as many as equally busy ones, on a day
_GONE = 0.05  # share of events that may be gone though there are no fewer
_PART = 14  # days in a row over which volumes are compared
_GAP = 3  # a gap that is news is so many times as long as usual ones


def _key(data: Data, side: str) -> str:
    role = {"users": "user_id", "items": "item_id", "interactions": "user_id"}[side]
    return data.spec.role(role, side).name


@check("share of a table's rows that are gone since the last run",
       "Check that all files arrived whole, and that none was cut.",
       warn=0.25, fail=0.4, compares=True)
def fewer_rows(data: Data) -> Iterator[Measured]:
    for side, rows in data.today["rows"].items():
        before = (data.past or {})["rows"][side]
        if before >= _FEW:
            yield Measured(side, _key(data, side), 1 - rows / before,
                           f"{rows:,} rows, and {before:,} in the last run", before - rows,
                           1 - rows / before)


@check("factor between the rows of a table in two runs, less 1",
       "Look for files that were delivered twice, or for rows that nobody made.",
       warn=1.5, fail=9.0, compares=True)
def more_rows(data: Data) -> Iterator[Measured]:
    for side, rows in data.today["rows"].items():
        before = (data.past or {})["rows"][side]
        if before >= _FEW:
            yield Measured(side, _key(data, side), rows / before - 1,
                           f"{rows:,} rows, and {before:,} in the last run", rows - before)


@check("share of the events of two weeks that the last run had and this one lacks",
       "Ask the source for the days that the report shows as low, and run again.",
       warn=0.4, fail=0.6, compares=True)
def lost_events(data: Data) -> Iterator[Measured]:
    now, then = (profile["events"].get("days", {}) for profile in (data.today, data.past or {}))
    if not now or not then:
        return
    then_squares = (data.past or {})["events"]["squares"]
    both = [day for day in range(min(map(int, then)), max(map(int, then)) + 1)
            if min(map(int, now)) <= day <= max(map(int, now))]
    worst = (0.0, 0, 0, 0)
    for start in range(0, max(1, len(both) - _PART + 1)):
        days = [str(day) for day in both[start : start + _PART]]
        old, new = (sum(days_of.get(day, 0) for day in days) for days_of in (then, now))
        # Of few users one that is gone takes too much along.
        squares = sum(then_squares.get(day, 0) for day in days)
        if old >= 10 * _FEW and old**2 >= _FEW * squares:
            worst = max(worst, (1 - new / old, old, new, both[start]))
    if worst[0] > 0:
        share, old, new, _ = worst
        yield Measured("interactions", data.time_column, share,
                       f"in two weeks there are {new:,} events, where the last run had {old:,}",
                       old - new, share)


@check("how many days have many events in the last run, and none now or less than a third",
       "Ask the source for these days, and run again.", warn=0.0, fail=None, compares=True)
def lost_days(data: Data) -> Iterator[Measured]:
    now, past = data.today["events"], (data.past or {})["events"]
    days = now.get("days", {})
    if not days or not past.get("days"):
        return
    first, last = min(map(int, days)), max(map(int, days))
    users = {day: number for day, number in _users(past).items() if first < int(day) < last}
    # Of few users one that is gone takes a day along, or much of it.
    empty = [day for day, number in users.items()
             if days.get(day, 0) < past["days"][day] / 3 and past["days"][day] >= _FEW
             and number >= (_MANY_USERS if day in days else _USERS)]
    lost = sorted(map(int, empty or _more_than_by_chance(users, now, past)))
    if lost:
        dates = [datetime.fromtimestamp(day * 86_400, UTC).date().isoformat() for day in lost[:3]]
        yield Measured("interactions", data.time_column, len(lost),
                       f"on {len(lost)} {'day' if len(lost) == 1 else 'days'}, such as "
                       f"{', '.join(dates)}, there are few events or none, where the last run had "
                       "many", len(lost))


def _users(events: dict[str, Any]) -> dict[str, float]:
    """Returns how many equally busy users would have a day's events, by day."""
    return {day: count**2 / max(1, events["squares"].get(day, 0))
            for day, count in events["days"].items()}


def _more_than_by_chance(users: dict[str, float], now: dict[str, Any], past: dict[str, Any]
                         ) -> list[str]:
    """Returns the days of few users without an event, if all that is gone hardly explains them.

    Args:
      users: The past's days with their users, see `_users`.
      now: The profile of the events.
      past: That of the past.
    """
    gone = max(_GONE, 1 - now["rows"] / max(1, past["rows"]))
    some = {day: number for day, number in users.items() if number >= 2}
    chances = [gone**number for number in some.values()]
    lost = [day for day in some if day not in now["days"]]
    deviation = math.sqrt(sum(chance * (1 - chance) for chance in chances))
    return lost if len(lost) >= max(3, sum(chances) + 4 * deviation) else []


@check("how many hours of the day without an event have many in the last run",
       "Ask the source for the events of these hours, and run again.",
       warn=0.0, fail=None, compares=True)
def lost_hours(data: Data) -> Iterator[Measured]:
    now, then = (profile["events"].get("hours") for profile in (data.today, data.past or {}))
    if not now or not then or min(sum(now), sum(then)) < 25 * _FEW:
        return
    lost = [hour for hour in range(24) if not now[hour] and then[hour] >= 0.02 * sum(then)]
    if lost:
        yield Measured("interactions", data.time_column, len(lost),
                       f"there is no event in the hours from {', '.join(map(str, lost))} o'clock "
                       f"(UTC), which had {sum(then[hour] for hour in lost):,} in the last run",
                       len(lost))


@check("longest time without an event, in days, where events are frequent and the last run had no "
       "such time",
       "Ask the source for the missing days, and run again.", warn=0.5, fail=None)
def missing_days(data: Data) -> Iterator[Measured]:
    days = data.today["events"].get("days", {})
    if len(days) < _PART or median(days.values()) < _FEW:
        return
    gaps = _gaps(days)
    # Where such gaps are usual, as at weekends or in holidays, one more is no news.
    usual = gaps[int(0.98 * (len(gaps) - 1))]
    many = median(_users(data.today["events"]).values()) >= 2 * _MANY_USERS
    known = max(_gaps((data.past or {}).get("events", {}).get("days", {})), default=0)
    longest = gaps[-1]
    yield Measured("interactions", data.time_column,
                   longest if longest > max(known, usual if many else _GAP * (usual + 1)) else 0.0,
                   f"for {longest} {'day' if longest == 1 else 'days'} there is no event, and the "
                   f"median day has {median(days.values()):,.0f}", longest)


def _gaps(days: dict[str, int]) -> list[int]:
    """Returns how many days are between days with events, the fewest first."""
    return sorted(later - earlier - 1
                  for earlier, later in itertools.pairwise(sorted(map(int, days))))


@check("share by which the last four or eight weeks have fewer events than as many before",
       "Ask whether all systems deliver their events.", warn=0.75, fail=None)
def recent_drop(data: Data) -> Iterator[Measured]:
    days = {int(day): count for day, count in data.today["events"].get("days", {}).items()}
    worst = (0.0, 0, 0, 0)
    for size in (2 * _PART, 4 * _PART):  # two weeks vary too much
        last = max(days, default=0)
        late = sum(count for day, count in days.items() if day > last - size)
        early = sum(count for day, count in days.items() if last - 2 * size < day <= last - size)
        if days and last - min(days) >= 2 * size and early >= 5 * _FEW:
            worst = max(worst, (1 - late / early, size, late, early))
    share, size, late, early = worst
    if size:
        yield Measured("interactions", data.time_column, share,
                       f"the last {size} days have {late:,} events, and the {size} before them "
                       f"{early:,}", early - late, share)


@check("increase of the share of the newest two weeks' events without a label, against all earlier "
       "ones, since the last run",
       "Ask whether the newest labels are still to come, and train up to the day they reach.",
       warn=0.3, fail=None)
def late_labels(data: Data) -> Iterator[Measured]:
    # Several labels of one column are missing together.
    labels = {label.feature: label.name for label in data.spec.labels_of("interactions")}
    for feature, label in labels.items():
        share = _without_late_label(data.today["events"], label)
        usual = _without_late_label((data.past or {}).get("events", {}), label)
        if share is not None:
            yield Measured("interactions", feature, share - (usual or 0.0),
                           f"of the events of the newest {_PART} days, {share:.0%} more have no "
                           "label than of the earlier ones", share=share)


def _without_late_label(events: dict[str, Any], label: str) -> float | None:
    days, labels = events.get("days", {}), events.get("labels", {}).get(label, {})
    start = max(map(int, days), default=0) - _PART
    shares = []
    for late in (False, True):
        part = [day for day in days if (int(day) > start) is late]
        count = sum(days[day] for day in part)
        if count < 5 * _FEW:
            return None
        shares.append(sum(labels.get(day, (0, 0))[0] for day in part) / count)
    return shares[0] - shares[1]


@check("share of the users without any event, in a first run",
       "Check that the events of all users arrived, and that ids are written alike.",
       warn=0.5, fail=None)
def users_without_events(data: Data) -> Iterator[Measured]:
    if data.past is None:  # a day of events is not of all users
        yield from _without_events(data, "users")


@check("share of the items without any event, in a first run",
       "Check that the events of all items arrived, and that ids are written alike.",
       warn=0.25, fail=None)
def items_without_events(data: Data) -> Iterator[Measured]:
    if data.past is None:
        yield from _without_events(data, "items")


@check("increase of the share of users or items without any event since the last run",
       "Check that the events of all arrived, and that ids are written alike.",
       warn=0.15, fail=0.5, compares=True)
def more_without_events(data: Data) -> Iterator[Measured]:
    for side in ("users", "items"):
        before = _share_without(data.past or {}, side)
        for one in _without_events(data, side):
            yield Measured(side, one.column, one.value - before,
                           f"{one.what}, and {before:.1%} in the last run", one.count, one.share)


def _without_events(data: Data, side: str) -> Iterator[Measured]:
    rows, share = data.today["rows"][side], _share_without(data.today, side)
    if rows >= _FEW:
        count = round(share * rows)
        yield Measured(side, _key(data, side), share,
                       f"{count:,} of {rows:,} {side} have no event", count, share)


def _share_without(profile: dict, side: str) -> float:
    rows = profile["rows"][side]
    return max(0.0, 1 - profile["events"][side] / rows) if rows else 0.0
