"""Gathers what the report says, section by section; a section that fails becomes a note."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from components.data_report.media import sample_pictures, seconds
from components.data_report.page import VERSION
from components.data_report.statistics import read_statistics
from components.data_validator.verdict import DataVerdict
from components.quarantine import (
    grouped_reasons,
    lost_columns,
    notes,
    read_counts,
)
from schemas import ENTITIES, SIDES, Feature, FeatureSpec
from trainer.modalities import modality_of

_BARS, _DAY = 60, 86_400
Bar = dict[str, Any]
_log = logging.getLogger("tessera.data_report")
_EXAMPLES, _GROUPS, _PICTURES, _SOUNDS = 20, 100, 12, 500


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
    charts = [{"label": name, "bars": _bars(
        {run: of_run.get(name, {}) for run, of_run in labels.items()}, _mean)} for name in names]
    return [one for one in charts if one["bars"]]


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


def gather(spec: FeatureSpec, folders: dict[str, str]) -> dict[str, Any]:
    """Gathers the content of the report; never fails because of data.

    Args:
      spec: The dataset's spec.
      folders: Folders of the artifacts: `quarantine`, `verdict` and, for each table, `<table>` and
        `<table>_statistics`.

    Returns:
      Plain values. A section that could not be made holds its reason under `note`.
    """
    tables = {
        side: _section(_table, spec, side, folders[f"{side}_statistics"]) for side in SIDES
    }
    media = [
        {"table": feature.side, "feature": feature.name, "modality": feature.modality,
         **_section(_media, spec, feature, tables[feature.side], folders[feature.side])}
        for feature in spec.features if feature.media and not feature.pii
    ]
    verdict = _section(_verdict, folders["verdict"])
    distributions = verdict.pop("distributions", {})
    for side, table in tables.items():
        _compare(table.get("splits", []), distributions.get(side, {}))
    counts = _section(_counts, folders["quarantine"])
    reasons = _section(_reasons, spec, folders["quarantine"])
    line = summary(counts, verdict)
    return {
        "version": VERSION,
        "dataset": spec.name,
        "unread": False,
        "headline": ("" if verdict["note"] else f"{verdict['verdict']}: ") + line,
        "summary": line,
        "verdict": verdict,
        "cold": cold(verdict.get("changes", ())),
        "counts": counts,
        "tables": tables,
        "media": media,
        "reasons": reasons,
    }


def cold(changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns how many users and items have no event, of this run and of the last one.

    Args:
      changes: See `components.data_validator.drift.changes`.

    Returns:
      Of each of the two tables `{"table", "rows", "with_events", "cold", "share", "past_share"}`.
    """
    figures = {(one["table"], one["figure"]): one for one in changes if not one["column"]}
    both = []
    for side in ENTITIES:
        rows = figures.get((side, "rows"))
        events = figures.get(("interactions", f"{side} with events"))
        if rows and events:
            shares = [1 - events[run] / rows[run] if rows[run] and events[run] is not None else None
                      for run in ("today", "past")]
            both.append({"table": side, "rows": rows["today"], "with_events": events["today"],
                         "cold": rows["today"] - events["today"], "share": shares[0],
                         "past_share": shares[1]})
    return both


def summary(counts: dict[str, Any], verdict: dict[str, Any]) -> str:
    """Returns in one line how the data are, such as
    `"100,000 interactions, 0 rows quarantined, 0 values lost, no findings"`.
    """
    parts = ["rows unknown"]
    if not counts["note"]:
        tables = counts["counts"]
        quarantined = sum(tables[side]["quarantined"] for side in SIDES)
        parts = [f"{tables['interactions']['kept']:,} interactions",
                 f"{quarantined:,} rows quarantined", f"{tables['lost']:,} values lost"]
        if tables["split"] == "random":
            parts.append("split at random, not in time")
        if notes := len(tables["remarks"]):
            parts.append(f"{notes} {'note' if notes == 1 else 'notes'} on values")
    parts.append("verdict unknown" if verdict["note"] else verdict["headline"])
    return ", ".join(parts)


def _section(make: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    try:
        return {"note": None, **make(*given)}
    except Exception as error:  # The report is about bad data; it must not fall over them.
        _log.warning("A section of the data report could not be made.", exc_info=True)
        return {"note": f"This section could not be made: {error or type(error).__name__}"}


def _table(spec: FeatureSpec, side: str, uri: str) -> dict[str, Any]:
    return {"splits": read_statistics(uri, spec, side)}


def _compare(splits: list[dict[str, Any]], distributions: dict[str, dict[str, Any]]) -> None:
    """Puts the counts of both runs in the place of the estimates of TFDV, once for all splits."""
    for place, split in enumerate(splits):
        for column in split["features"]:
            if both := distributions.get(column["name"]):
                column |= ({"histogram": both["today"], "past": both["past"]} if place == 0
                           else {"histogram": []})


def _media(
    spec: FeatureSpec, feature: Feature, table: dict[str, Any], uri: str
) -> dict[str, Any]:
    modality = modality_of(feature)
    facts: dict[str, Any] = {"rows": None, "filled": None, "samples": [], "broken": 0,
                             "seconds": None, "caption": modality.caption}
    if not table["note"]:
        facts["rows"] = sum(split["rows"] for split in table["splits"])
        facts["filled"] = sum(
            column["rows"] for split in table["splits"] for column in split["features"]
            if column["name"] == feature.name
        )
    if modality.timed:
        facts["seconds"] = seconds(uri, feature, _SOUNDS)
    if modality.pictured:
        facts["samples"], facts["broken"] = sample_pictures(uri, spec, feature, _PICTURES)
    return facts


def _verdict(uri: str) -> dict[str, Any]:
    verdict = DataVerdict.load(uri)
    return {**verdict.as_json(), "headline": verdict.headline, "days": event_bars(verdict.days),
            "labels": label_bars(verdict.labels)}


def _counts(uri: str) -> dict[str, Any]:
    counts = read_counts(uri)
    tables = {
        side: {key: int(counts[side][key]) for key in ("read", "kept", "quarantined")}
        for side in SIDES
    }
    splits = {str(split): int(rows) for split, rows in counts["splits"].items()}
    remarks = [*lost_columns(counts), *notes(counts)]
    lost = sum(one["count"] for side in SIDES
               for one in counts.get("remarks", {}).get(side, {}).get("lost", ()))
    return {"counts": {**tables, "splits": splits, "split": str(counts["split"]),
                       "lost": lost, "remarks": remarks}}


def _reasons(spec: FeatureSpec, uri: str) -> dict[str, Any]:
    personal = [feature.name for feature in spec.features if feature.pii]
    groups = grouped_reasons(uri, _EXAMPLES, personal)
    return {"groups": groups[:_GROUPS], "groups_left_out": max(0, len(groups) - _GROUPS)}
