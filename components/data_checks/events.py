"""Checks of events: repetitions, users that are no people, times that cannot be right."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from components.data_checks.check import Data, Measured, check

_FEW = 50  # events; of fewer no share says anything
_DAY = 86_400


@check("share of the events that repeat one of the same user and item within a minute",
       "Look for events that were delivered twice, and leave one of each.",
       warn=0.05, fail=0.4)
def repeated_events(data: Data) -> Iterator[Measured]:
    yield from _beyond_usual(data, "repeated", data.spec.role("item_id").name,
                             "repeat another one within a minute")


def _beyond_usual(data: Data, share: str, column: str, what: str) -> Iterator[Measured]:
    """Yields a share of the events, less that of the past where there is one."""
    events = data.today["events"]
    usual = (data.past or {}).get("events", {}).get(share, 0.0)
    if share in events and events["rows"] >= _FEW:
        yield Measured.beyond(usual, "interactions", column, events[share], events["rows"],
                              f"{events[share]:.1%} of the events {what}")


@check("increase of the share of events whose user and item have several, since the last run",
       "Look for events that were delivered twice with another time.",
       warn=0.2, fail=None, compares=True)
def recurring_events(data: Data) -> Iterator[Measured]:
    for share, then, rows in _increase(data, "recurring"):
        yield Measured.beyond(
            then, "interactions", data.spec.role("item_id").name, share, rows,
            f"{share:.1%} of the events are not the only one of their user and item, and "
            f"{then:.1%} were in the last run")


@check("increase of the share of the events that are of one user, or of one item, since the last "
       "run",
       "Look whether a program made these events; if so, leave them out.",
       warn=0.08, fail=None, compares=True)
def dominant_id(data: Data) -> Iterator[Measured]:
    for one in ("user", "item"):
        for share, then, rows in _increase(data, f"top_{one}"):
            yield Measured.beyond(
                then, "interactions", data.spec.role(f"{one}_id").name, share, rows,
                f"one {one} has {share:.1%} of all events, and in the last run none had more than "
                f"{then:.1%}")


def _increase(data: Data, share: str) -> Iterator[tuple[float, float, int]]:
    """Yields a share of the events, that of the past, and their number; of many events alone."""
    now, then = (profile["events"] for profile in (data.today, data.past or {}))
    if share in now and share in then and min(now["rows"], then["rows"]) >= 10 * _FEW:
        yield now[share], then[share], now["rows"]


@check("share of the events in the most frequent second, less that of the last run",
       "Look whether the time of an import took the place of the events' own.",
       warn=0.9, fail=None)
def same_times(data: Data) -> Iterator[Measured]:
    if "same_time" in data.today["events"]:  # else the events have no column of times
        yield from _beyond_usual(data, "same_time", data.time_column, "are in the same second")


_PERSON = 150  # events within an hour; eight times as many are one in three seconds


@check("events of one user within an hour, as a multiple of what all but one in a hundred have, or "
       f"of {_PERSON}",
       "Leave the user out, or limit how many events of one count. A user is named by the hash of "
       "the id: schemas.values.text.unnamed.", warn=8.0, fail=None)
def bot_user(data: Data) -> Iterator[Measured]:
    events = data.today["events"]
    if events.get("busiest", 0) >= _FEW:
        people = max(1.0, min(events["busy_99"], 20 * events["busy"], _PERSON))
        limits = bot_user.limits(data, "interactions", data.spec.role("user_id").name)
        most = min(limits.values(), default=0.0) * people
        bots = [one for one in events["busy_users"] if one["busiest"] > most]
        yield Measured("interactions", data.spec.role("user_id").name,
                       events["busiest"] / people,
                       f"{_several(events, bots)} within one hour; the median user has "
                       f"{events['busy']:,.0f} at most: {', '.join(map(_reference, bots))}",
                       sum(one["busiest"] for one in bots))


def _several(events: dict[str, Any], bots: list[dict[str, Any]]) -> str:
    many = "or more " if len(bots) == len(events["busy_users"]) > 1 else ""
    return (f"{len(bots)} {many}users have up to {events['busiest']:,} events" if len(bots) > 1
            else f"a user has {events['busiest']:,} events")


def _reference(bot: dict[str, Any]) -> str:
    """Returns which user it is, for who has the events and for nobody else."""
    try:
        newest = f"on {datetime.fromtimestamp(bot['newest'], UTC).date()}"
    except (ValueError, OverflowError, OSError):  # a time of another unit may be no date
        newest = f"at {bot['newest']:,}"
    return f"{bot['user']} ({bot['events']:,} events in all, the newest {newest})"


@check("share of the events that are in the future",
       "Correct the clock or the unit of the times.", warn=0.0, fail=0.01)
def future_times(data: Data) -> Iterator[Measured]:
    events = data.today["events"]
    if "future" in events:
        yield Measured("interactions", data.time_column, events["future"],
                       f"{events['future']:.1%} of the events are later than tomorrow",
                       round(events["future"] * events["rows"]), events["future"])


@check("share of the events before 1990, where the schema allows later ones",
       "Times are zero, digits of a date or of another unit: write seconds, or ISO dates.",
       warn=0.0, fail=0.01)
def old_times(data: Data) -> Iterator[Measured]:
    events = data.today["events"]
    usual = (data.past or {}).get("events", {}).get("old", 0.0)
    latest = data.spec.role("timestamp").maximum if data.spec.has_role("timestamp") else None
    # A column of small numbers, such as seconds since a start of its own, says so.
    if "old" in events and (latest is None or latest > 2 * 10**9):
        yield Measured.beyond(usual, "interactions", data.time_column, events["old"],
                              events["rows"],
                              f"{events['old']:.1%} of the events are before 1990")


@check("days by which the newest event is older than that of the last run",
       "Check that the newest files were delivered.", warn=2.0, fail=30.0, compares=True)
def stale_times(data: Data) -> Iterator[Measured]:
    now, then = (profile["events"].get("newest") for profile in (data.today, data.past or {}))
    if now is not None and then is not None:
        days = (then - now) / _DAY
        yield Measured("interactions", data.time_column, days,
                       f"the newest event is {days:.1f} days older than that of the last run")


@check("share of the events that are at another hour of the day than in the last run",
       "Write all times in one zone (UTC).", warn=0.2, fail=None, compares=True)
def hours_shift(data: Data) -> Iterator[Measured]:
    now, then = (profile["events"].get("hours") for profile in (data.today, data.past or {}))
    if now and then and min(sum(now), sum(then)) >= 10 * _FEW:
        share = sum(abs(a / sum(now) - b / sum(then)) for a, b in zip(now, then, strict=True)) / 2
        yield Measured("interactions", data.time_column, share,
                       f"{share:.1%} of the events are at another hour of the day", share=share)
