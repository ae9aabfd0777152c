"""What changed since the last run, side by side."""

from collections.abc import Iterator
from typing import Any

from schemas import SIDES

Change = dict[str, Any]


def changes(today: dict[str, Any], past: dict[str, Any] | None) -> list[Change]:
    """Puts the figures of two runs side by side.

    Args:
      today: The profile of this run's data.
      past: That of the run before, `None` where there is none.

    Returns:
      `{"table", "column", "figure", "form", "past", "today"}` each; the form is `"number"`,
      `"share"` or `"date"`, and a figure that a run lacks is `None`.
    """
    before = past or {}
    found = []
    for side in SIDES:
        rows = before.get("rows", {}).get(side)
        found.append(_change(side, "", "rows", "number", rows, today["rows"][side]))
        if side == "interactions":
            found += _of_events(today["events"], before.get("events", {}))
        for name, column in today["columns"][side].items():
            found += _of_column(side, name, column,
                                before.get("columns", {}).get(side, {}).get(name, {}))
    return found


def _of_events(today: dict[str, Any], past: dict[str, Any]) -> Iterator[Change]:
    for key, form in (("users", "number"), ("items", "number"), ("oldest", "date"),
                      ("newest", "date")):
        if key in today:
            yield _change("interactions", "", {"users": "users with events",
                                               "items": "items with events",
                                               "oldest": "first event",
                                               "newest": "last event"}[key], form,
                          past.get(key), today[key])
    if today.get("days"):
        yield _change("interactions", "", "events a day", "number", _daily(past), _daily(today))


def _daily(events: dict[str, Any]) -> float | None:
    days = events.get("days")
    return sum(days.values()) / (max(map(int, days)) - min(map(int, days)) + 1) if days else None


def _of_column(side: str, name: str, column: dict[str, Any], past: dict[str, Any]
               ) -> Iterator[Change]:
    if column["missing"] or past.get("missing"):
        yield _change(side, name, "missing", "share", past.get("missing"), column["missing"])
    if column["lost"] or past.get("lost"):
        yield _change(side, name, "lost values", "number", past.get("lost"), column["lost"])
    for kind, key, figure in (
            ("numbers", "mean", "mean"), ("categorical", "distinct", "different values"),
            ("texts", "words", "words a text"), ("media", "level", "level")):
        now, then = column.get(kind, {}).get(key), past.get(kind, {}).get(key)
        if now is not None:
            yield _change(side, name, figure, "number", then, now)


def _change(side: str, column: str, figure: str, form: str, past: Any, today: Any) -> Change:
    return {"table": side, "column": column, "figure": figure, "form": form, "past": past,
            "today": today}
