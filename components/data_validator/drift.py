"""How far two runs are apart: their distributions by TFDV, and their figures side by side."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_profile.statistics import is_compared, read_statistics, statistics_file
from schemas import SIDES, FeatureSpec

_ANY = 1e-9  # any divergence is measured; what is too much of it, the checks say
Change = dict[str, Any]


def measure_drift(spec: FeatureSpec, today: str, past: str) -> dict[tuple[str, str], float]:
    """Compares the numbers and the categories of two runs.

    Args:
      spec: The dataset's spec.
      today: Folder of this run's profile.
      past: Folder of the profile of an earlier one.

    Returns:
      By table and column, the Jensen-Shannon divergence of the distributions, 0 to 1.
    """
    distances = {}
    for side in SIDES:
        now, then = (read_statistics(Path(folder, statistics_file(side)))
                     for folder in (today, past))
        schema = schema_pb2.Schema()
        for feature in filter(is_compared, spec.table(side)):
            known = any(feature.name in (c.name, *c.path.step)
                        for c in then.datasets[0].features)
            if known:
                proto = next(f for f in spec.schema(side).feature if f.name == feature.name)
                proto.drift_comparator.jensen_shannon_divergence.threshold = _ANY
                schema.feature.append(proto)
        anomalies = tfdv.validate_statistics(now, schema, previous_statistics=then)
        for info in anomalies.drift_skew_info:
            distances[side, info.path.step[0]] = max(
                one.value for one in info.drift_measurements)
    return distances


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
    all_changes = []
    for side in SIDES:
        rows = before.get("rows", {}).get(side)
        all_changes.append(_change(side, "", "rows", "number", rows, today["rows"][side]))
        if side == "interactions":
            all_changes += _of_events(today["events"], before.get("events", {}))
        for name, column in today["columns"][side].items():
            all_changes += _of_column(side, name, column,
                                      before.get("columns", {}).get(side, {}).get(name, {}))
    return all_changes


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


def distributions(today: dict[str, Any], past: dict[str, Any] | None
                  ) -> dict[str, dict[str, dict[str, Any]]]:
    """Puts the bars of the numbers of two runs side by side.

    Args:
      today: The profile of this run's data.
      past: That of the run before, `None` where there is none.

    Returns:
      By table and column, `{"past", "today"}`; a run without has no bars.
    """
    before = (past or {}).get("columns", {})
    return {side: {name: {"today": column["numbers"]["bars"],
                          "past": before.get(side, {}).get(name, {}).get("numbers", {}).get(
                              "bars", [])}  # an earlier version's profile has none
                   for name, column in columns.items() if column.get("numbers", {}).get("count")}
            for side, columns in today["columns"].items()}
