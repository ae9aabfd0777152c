"""Events and labels in time, of two runs side by side, in parts that a page has room for."""

from collections.abc import Callable
from typing import Any

_BARS, _DAY = 60, 86_400
Bar = dict[str, Any]


def event_bars(days: dict[str, dict[str, int]]) -> list[Bar]:
    """Returns the events of two runs in at most 60 equal parts of their time.

    Args:
      days: Events by day since 1970, by `past` and `today`.

    Returns:
      `{"low", "high", "past", "today"}` each, times in seconds; nothing where there are no days.
    """
    return _bars(days, sum)


def label_bars(labels: dict[str, dict[str, dict[str, list[float]]]]) -> list[dict[str, Any]]:
    """Returns the mean of each label in at most 60 equal parts of the time.

    Args:
      labels: By `past` and `today`, label and day: the events with the label, and the sum of its
        values.

    Returns:
      `{"label", "bars"}` each; the mean of a part without the label is `None`. That of a label of
      0 and 1 is its share.
    """
    names = {name: None for run in labels.values() for name in run}
    found = [{"label": name, "bars": _bars(
        {run: of_run.get(name, {}) for run, of_run in labels.items()}, _mean)} for name in names]
    return [one for one in found if one["bars"]]


def _mean(days: list[list[float]]) -> float | None:
    count = sum(rows for rows, _ in days)
    return sum(total for _, total in days) / count if count else None


def _bars(runs: dict[str, dict[str, Any]], together: Callable[[list[Any]], Any]) -> list[Bar]:
    numbers = [int(day) for days in runs.values() for day in days]
    if not numbers:
        return []
    first, count = min(numbers), max(numbers) - min(numbers) + 1
    size = -(-count // _BARS)
    parts: dict[int, dict[str, list[Any]]] = {
        place: {"past": [], "today": []} for place in range(-(-count // size))}
    for run, days in runs.items():
        for day, value in days.items():
            parts[(int(day) - first) // size][run].append(value)
    return [{"low": (first + place * size) * _DAY, "high": (first + (place + 1) * size) * _DAY,
             **{run: together(values) for run, values in of_part.items()}}
            for place, of_part in parts.items()]
