"""Faults of days: missing ones, those that the last run did not have, times that cannot be."""

from collections.abc import Callable

import pandas as pd

from benchmarks.faults.fault import (
    DAY,
    FAULTS,
    Fault,
    fault,
    random,
    shifted,
    some,
)
from benchmarks.faults.shop import Shop


def until(days: int) -> Callable[[Shop], None]:
    """Returns what leaves out the events of so many of the newest days."""
    return _keep(lambda day: day >= days)


def _keep(keep: Callable[[pd.Series], pd.Series]) -> Callable[[Shop], None]:
    """Returns a fault that drops events by their day before the newest one."""
    def seed(shop: Shop) -> None:
        events = shop.tables["interactions"]
        times = pd.to_numeric(events[shop.find("time")[1]])
        shop.tables["interactions"] = events[keep((times.max() - times) // DAY)].reset_index(
            drop=True)

    return seed


def _busiest_day(share: float) -> Callable[[Shop], None]:
    """Returns a fault that drops the events of the day of most users, of ten at least."""
    def seed(shop: Shop) -> None:
        events = shop.tables["interactions"]
        day = pd.to_numeric(events[shop.find("time")[1]]) // DAY
        users = events.groupby(day[day < day.max()])[shop.find("event user")[1]].nunique()
        if users.max() < 20:
            raise LookupError("a day of many users")
        shop.tables["interactions"] = events[(day != users.idxmax()) | (
            random().random(len(day)) < share)].reset_index(drop=True)

    return seed


for _name, _checks, _severity, _alone, _seed in (
    ("seven days missing", "missing_days lost_events", "WARN", False,
     _keep(lambda day: (day < 20) | (day >= 27))),
    ("seven days missing, in the first run", "missing_days", "WARN", True,
     _keep(lambda day: (day < 20) | (day >= 27))),
    ("the last thirty days at a tenth", "lost_events", "FAIL", False,
     _keep(lambda day: (day >= 30) | (random().random(len(day)) < 0.1))),
    ("the last thirty days at a tenth, in the first run", "recent_drop", "WARN", True,
     _keep(lambda day: (day >= 30) | (random().random(len(day)) < 0.1))),
    ("the newest month is not there", "stale_times", "WARN", False, _keep(lambda day: day >= 25)),
    ("the busiest day missing", "lost_days", "WARN", False, _busiest_day(0)),
    ("the busiest day at a tenth", "lost_days", "WARN", False, _busiest_day(0.1)),
    ("one day of seven missing", "lost_days", "WARN", False, _keep(lambda day: day % 7 != 3)),
):
    FAULTS.append(Fault(_name, _seed, frozenset(_checks.split()), _severity, _alone))


_NEW = 10  # days


def _newest(change: Callable[[Shop, pd.Series], None]) -> Callable[[Shop], None]:
    """Returns a fault of the events of the days that the past does not have."""
    def seed(shop: Shop) -> None:
        times = pd.to_numeric(shop.tables["interactions"][shop.find("time")[1]])
        change(shop, (times.max() - times) // DAY < _NEW)

    return seed


def _worst_label(shop: Shop, new: pd.Series) -> None:
    column = shop.find("label")[1]
    lowest = pd.to_numeric(shop.tables["interactions"][column]).min()
    shop.tables["interactions"].loc[new, column] = f"{lowest:g}"


def _no_flag(shop: Shop, new: pd.Series) -> None:
    column = shop.find("flag")[1]
    flags = sorted(set(shop.tables["interactions"][column]) - {""})
    shop.tables["interactions"].loc[new, column] = flags[0]


def _other_zone(shop: Shop, new: pd.Series) -> None:
    events, (_, time) = shop.tables["interactions"], shop.find("time")
    events.loc[new, time] = shifted(-9 * 3_600)(events.loc[new, time])


def _no_review(shop: Shop, new: pd.Series) -> None:
    shop.tables["interactions"].loc[new, shop.find("review")[1]] = ""


def _many(shop: Shop, new: pd.Series) -> None:
    events, (_, time) = shop.tables["interactions"], shop.find("time")
    again = [events[new].assign(**{time: shifted(hours * 3_600)(events[time][new])})
             for hours in range(-11, 1)]
    shop.tables["interactions"] = pd.concat([events, *again], ignore_index=True)


for _name, _checks, _severity, _change in (
    ("the ten days since the last run at a tenth", "fewer_new_events", "FAIL", None),
    ("they have twelve times as many events", "more_new_events quarantined_rows", "FAIL", _many),
    ("they have no reviews", "new_missing", "WARN", _no_review),
    ("their labels are the lowest", "new_labels", "FAIL", _worst_label),
    ("nobody bought in them", "new_labels", "FAIL", _no_flag),
    ("they are 9 h earlier", "new_hours", "FAIL", _other_zone),
):
    FAULTS.append(Fault(
        _name, _newest(_change) if _change else _keep(
            lambda day: (day >= _NEW) | (random().random(len(day)) < 0.1)),
        frozenset(_checks.split()), _severity, days=_NEW))


# The last run had these days as well, with other labels.
FAULTS.append(Fault("the newest ten days' labels are the lowest now", _newest(_worst_label),
                    frozenset({"changed_labels"}), "FAIL"))


@fault("compact dates as seconds of 1970", "old_times", "FAIL")
def _(shop: Shop) -> None:
    side, time = shop.find("time")
    days = pd.to_datetime(pd.to_numeric(shop.tables[side][time]), unit="s")
    # What a program makes of the digits that it takes for seconds.
    shop.tables[side][time] = pd.to_datetime(
        days.dt.strftime("%Y%m%d").astype(int), unit="s").dt.strftime("%Y-%m-%dT%H:%M:%S")


@fault("a fiftieth of the times are zero", "old_times", "FAIL")
def _(shop: Shop) -> None:
    events, (_, time) = shop.tables["interactions"], shop.find("time")
    events.loc[some(events, 0.02), time] = "0"
