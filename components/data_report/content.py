"""Gathers what the report says, section by section; a section that fails becomes a note."""

import logging
from collections.abc import Callable
from typing import Any

from components.data_report.days import event_bars, label_bars
from components.data_report.media import sample_pictures, seconds
from components.data_report.quarantine import (
    grouped_reasons,
    lost_columns,
    notes,
    read_counts,
)
from components.data_report.statistics import read_statistics
from components.data_validator.verdict import DataVerdict
from schemas import SIDES, Feature, FeatureSpec
from trainer.modalities import modality_of

_log = logging.getLogger("tessera.data_report")
VERSION = 2  # of the JSON twin
_EXAMPLES, _GROUPS, _PICTURES, _SOUNDS = 20, 100, 12, 500


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
    counts = _section(_counts, folders["quarantine"])
    reasons = _section(_reasons, spec, folders["quarantine"])
    return {
        "version": VERSION,
        "dataset": spec.name,
        "headline": headline(counts, verdict),
        "verdict": verdict,
        "counts": counts,
        "tables": tables,
        "media": media,
        "reasons": reasons,
    }


def headline(counts: dict[str, Any], verdict: dict[str, Any]) -> str:
    """Says in one line how the data are, such as
    `"OK: 100,000 interactions, 0 rows quarantined, 0 values lost, no findings"`.
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
    return ("" if verdict["note"] else f"{verdict['verdict']}: ") + ", ".join(parts)


def _section(make: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    try:
        return {"note": None, **make(*given)}
    except Exception as error:  # The report is about bad data; it must not fall over them.
        _log.warning("A section of the data report could not be made.", exc_info=True)
        return {"note": f"This section could not be made: {error or type(error).__name__}"}


def _table(spec: FeatureSpec, side: str, uri: str) -> dict[str, Any]:
    return {"splits": read_statistics(uri, spec, side)}


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
