"""Checks of what is newer than the last run: most of a table is older, and hides it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from components.data_checks.chance import by_chance
from components.data_checks.check import Data, Measured, check

_DAY = 86_400
_WHOLE = 0.9  # of a day that has passed at its last event, so that the day is taken for whole
_FEW = 100  # events; of fewer no share says anything
_PAST = 4  # as many spans of the past as can say what is usual
_SATURDAY = 5  # the number of the weekday
_SPANS = 3  # of fewer spans none is missing
_THIN = 5  # times fewer events than the median span
_RECENT = 28  # days of the past that are looked at, or _PAST times as many as are new


@dataclass(frozen=True)
class _Newest:
    """The whole days that the last run did not have, and what the past has in as many days.

    Attributes:
      days: The new days, since 1970.
      usual: Each span of as many whole days of the newest part of the past.
    """

    days: range
    usual: list[range]

    @classmethod
    def of(cls, now: dict[str, Any], then: dict[str, Any]) -> "_Newest | None":
        """Returns the days of two profiles of events; `None` if none is new, or few are past."""
        if not now.get("days") or not then.get("days"):
            return None
        first, last = then["newest"] // _DAY + 1, now["newest"] // _DAY
        days = range(first, last + (now["newest"] % _DAY >= _WHOLE * _DAY))
        start = first - 1 - max(_RECENT, _PAST * len(days))
        past = range(max(start, min(map(int, then["days"])) + 1), first - 1)
        usual = [range(start, start + len(days)) for start in past[: len(past) - len(days) + 1]]
        return cls(days, usual) if days and len(usual) >= _PAST else None


def _sum(days: range, of_day: dict[str, Any]) -> float:
    return sum(of_day.get(str(day), 0) for day in days)


def _profiles(data: Data) -> tuple[dict[str, Any], dict[str, Any], _Newest | None]:
    now, then = data.today["events"], (data.past or {})["events"]
    return now, then, _Newest.of(now, then)


def _volumes(data: Data) -> Iterator[tuple[int, float, list[float]]]:
    """Yields how many days are new, if any, their events, and those of each as many days before."""
    now, then, newest = _profiles(data)
    if newest is not None:
        yield (len(newest.days), _sum(newest.days, now["days"]),
               [_sum(days, then["days"]) for days in newest.usual])


@check("share by which the days since the last run have fewer events than any as many days before",
       "Ask whether all systems deliver their events, and run again.",
       warn=0.4, fail=0.6, compares=True)
def fewer_new_events(data: Data) -> Iterator[Measured]:
    for days, new, usual in _volumes(data):
        least = min(usual)
        if least >= _FEW:
            yield Measured("interactions", data.time_column, 1 - new / least,
                           f"the {days} days since the last run have {new:,} events, and no {days} "
                           f"days before had fewer than {least:,}", round(least - new),
                           1 - new / least)


@check("factor between the events of the days since the last run and the most that as many days "
       "before had, less 1",
       "Look for files that were delivered twice, or for events that nobody made.",
       warn=2.0, fail=9.0, compares=True)
def more_new_events(data: Data) -> Iterator[Measured]:
    for days, new, usual in _volumes(data):
        most = max(usual)
        if new >= _FEW:
            yield Measured("interactions", data.time_column, new / max(1, most) - 1,
                           f"the {days} days since the last run have {new:,} events, and no {days} "
                           f"days before had more than {most:,}", round(new - most))


@check("increase of the share of the events of the days since the last run that have no value, "
       "against any as many days before",
       "Find out why the source delivers fewer values of the column of late.",
       warn=0.15, compares=True)
def new_missing(data: Data) -> Iterator[Measured]:
    now, then, newest = _profiles(data)
    if newest is None:
        return
    for column, of_day in now["filled"].items():
        before = then["filled"].get(column)
        usual = [1 - _sum(days, before) / count for days in newest.usual
                 if before and (count := _sum(days, then["days"])) >= _FEW // 2]
        count = _sum(newest.days, now["days"])
        if count >= _FEW and len(usual) >= _PAST:
            share = 1 - _sum(newest.days, of_day) / count
            yield Measured("interactions", column,
                           share - max(usual) - by_chance(max(usual), round(count), _FEW),
                           f"{share:.0%} of the events of the {len(newest.days)} days since the "
                           f"last run have no value, and at most {max(usual):.0%} had none before",
                           round(share * count), share)


@check("distance of a label's mean over the days since the last run from all that it had over as "
       "many days before, as a share of its range; 1 where it varies no more",
       "Ask what changed in how the label is collected, and train without these days until then.",
       warn=0.15, fail=0.35, compares=True)
def new_labels(data: Data) -> Iterator[Measured]:
    now, then, newest = _profiles(data)
    if newest is None:
        return
    for label in data.spec.labels_of("interactions"):
        of_day, before = (events["labels"].get(label.name) for events in (now, then))
        if not of_day or not before:
            continue
        new, usual = _means([newest.days], of_day, _FEW), _means(newest.usual, before, _FEW // 2)
        if not new or len(usual) < _PAST:
            continue
        (mean,) = new
        values = 1.0 if label.binary else _range(data, label.feature)
        distance = max(min(usual) - mean, mean - max(usual), 0.0) / values
        if label.binary and mean in (0, 1) and not {0.0, 1.0} & {*usual}:
            distance = 1.0
        yield Measured("interactions", label.feature, distance,
                       f"{label.name} is {mean:.3g} on average in the {len(newest.days)} days "
                       f"since the last run, and was {min(usual):.3g} to {max(usual):.3g} before")


def _means(spans: Sequence[range], of_day: dict[str, list[float]], few: int) -> list[float]:
    """Returns the mean of a label over each of some spans that have enough events with it."""
    sums = [[sum(of_day.get(str(day), (0, 0))[part] for day in days) for part in (0, 1)]
            for days in spans]
    return [total / count for count, total in sums if count >= few]


def _range(data: Data, column: str) -> float:
    """Returns how far apart a label's lowest and highest value are, in either run."""
    numbers = data.today["columns"]["interactions"][column].get("numbers", {})
    before = (data.past or {})["columns"]["interactions"].get(column, {}).get("numbers", {})
    return max((one["deciles"][-1] - one["deciles"][0] for one in (numbers, before)
                if "deciles" in one), default=1.0) or 1.0


@check("how much further the hours of the days since the last run are from the usual ones than "
       "those of any as many days before, 0 to 1",
       "Look whether the times are in another time zone, or of the import instead of the event.",
       warn=0.15, fail=0.35, compares=True)
def new_hours(data: Data) -> Iterator[Measured]:
    now, then, newest = _profiles(data)
    if newest is None:
        return
    known = set(map(int, then["day_hours"]))
    spans = [days for days in newest.usual if known.issuperset(days)]
    if len(spans) < _PAST:
        return
    whole = _hours(range(min(known), max(known) + 1), then["day_hours"])
    new = _hours(newest.days, now["day_hours"])
    if sum(new) >= _FEW:
        usual = max(_apart(_hours(days, then["day_hours"]), whole) for days in spans)
        yield Measured("interactions", data.time_column, _apart(new, whole) - usual,
                       f"of the events of the {len(newest.days)} days since the last run, "
                       f"{_apart(new, whole):.0%} are at other hours than usual")


def _hours(days: range, of_day: dict[str, list[int]]) -> list[int]:
    return [sum(counts) for counts in zip(*(of_day.get(str(day), [0] * 24) for day in days),
                                          strict=True)]


def _apart(one: Sequence[int], other: Sequence[int]) -> float:
    """Returns the share of events that would have to move so that two days look alike."""
    if not sum(one) or not sum(other):
        return 0.0
    return sum(abs(here / sum(one) - there / sum(other))
               for here, there in zip(one, other, strict=True)) / 2


@check("how many spans are not there, or have less than a fifth of the events of the median one, "
       "more than in the last run",
       "Ask the source for these days, and run again.", warn=0.0)
def missing_spans(data: Data) -> Iterator[Measured]:
    spans = data.today["counts"].get("spans", {})
    before = (data.past or {}).get("counts", {}).get("spans", {})
    known = _poor(before, spans)
    poor = [day for day in _poor(spans, before) if day not in known]
    if poor:
        yield Measured("interactions", data.time_column, len(poor),
                       f"of the spans from {min(spans)} to {max(spans)}, {', '.join(poor[:3])} "
                       f"{'is' if len(poor) == 1 else 'are'} not there, or nearly empty", len(poor))


def _poor(spans: dict[str, int], others: dict[str, int]) -> list[str]:
    """Returns the days of some spans that have none, or far fewer events than the others.

    Saturdays and Sundays on which neither run has many events are days without a delivery.
    """
    if len(spans) < _SPANS:
        return []
    few = median(spans.values()) / _THIN
    days = {date.fromisoformat(name): rows for name, rows in (others | spans).items()}
    busy = {day.weekday() for day, rows in days.items() if rows >= few}
    first, last = date.fromisoformat(min(spans)), date.fromisoformat(max(spans))
    every = [first + timedelta(number) for number in range((last - first).days + 1)]
    return [str(day) for day in every if spans.get(str(day), -1) < few
            and (day.weekday() < _SATURDAY or day.weekday() in busy)]


@check("whether a span has the events of another one that was the newest in the last run",
       "Ask the source for the files of this day: an earlier delivery came again.",
       fail=0.5, compares=True)
def repeated_span(data: Data) -> Iterator[Measured]:
    past = data.past or {}
    now, then = data.today["events"], past["events"]
    if data.today.get("span") and past.get("span") not in (None, "", data.today["span"]):
        same = all(now.get(part) == then.get(part) for part in ("rows", "days", "labels", "pairs"))
        yield Measured("interactions", "", float(same),
                       f"the events are those of the last run, whose newest span was "
                       f"{past['span']}, and that of this one is {data.today['span']}",
                       now["rows"])


@check("by how many days more than in the last run the newest event is before the newest span",
       "Ask the source whether the events of this span are whole.", warn=0.5, compares=True)
def late_span(data: Data) -> Iterator[Measured]:
    now, then = (_behind(profile) for profile in (data.today, data.past or {}))
    if now is not None and then is not None:
        yield Measured("interactions", data.time_column, now - then,
                       f"the newest event is {now} days before the day of its span, and was "
                       f"{then} in the last run")


def _behind(profile: dict[str, Any]) -> int | None:
    """Returns how many days are from the newest event to the newest span's day."""
    newest = profile["events"].get("newest")
    if not profile.get("span") or newest is None:
        return None
    return (date.fromisoformat(profile["span"]) - date(1970, 1, 1)).days - newest // _DAY
