"""Gathers what the report says, section by section; a section that fails becomes a note."""

import logging
from collections.abc import Callable
from typing import Any

from components.data_report.anomalies import read_anomalies
from components.data_report.media import sample_pictures, seconds
from components.data_report.quarantine import (
    grouped_reasons,
    lost_columns,
    notes,
    read_counts,
)
from components.data_report.statistics import read_statistics
from schemas import SIDES, Feature, FeatureSpec
from trainer.modalities import modality_of

_log = logging.getLogger("tessera.data_report")
_EXAMPLES, _GROUPS, _PICTURES, _SOUNDS = 20, 100, 12, 500
_HIDDEN = "hidden: personal data"


def gather(spec: FeatureSpec, folders: dict[str, str]) -> dict[str, Any]:
    """Gathers the content of the report; never fails because of data.

    Args:
      spec: The dataset's spec.
      folders: Folders of the artifacts: `quarantine` and, for each table, `<table>`,
        `<table>_statistics` and `<table>_anomalies`.

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
    anomalies = {
        side: _section(_anomalies, spec, side, folders[f"{side}_anomalies"]) for side in SIDES
    }
    counts = _section(_counts, folders["quarantine"])
    reasons = _section(_reasons, spec, folders["quarantine"])
    return {
        "dataset": spec.name,
        "headline": headline(counts, anomalies),
        "anomalies": anomalies,
        "counts": counts,
        "tables": tables,
        "media": media,
        "reasons": reasons,
    }


def headline(counts: dict[str, Any], anomalies: dict[str, Any]) -> str:
    """Says in one line how the data are, such as
    `"100,000 interactions, 0 quarantined, no anomalies"`.
    """
    parts = ["rows unknown"]
    if not counts["note"]:
        tables = counts["counts"]
        quarantined = sum(tables[side]["quarantined"] for side in SIDES)
        parts = [f"{tables['interactions']['kept']:,} interactions", f"{quarantined:,} quarantined"]
        if tables["split"] == "random":
            parts.append("split at random, not in time")
        if notes := len(tables["remarks"]):
            parts.append(f"{notes} {'note' if notes == 1 else 'notes'} on values")
    found = sum(len(section.get("found", [])) for section in anomalies.values())
    if found:
        parts.append(f"{found:,} {'anomaly' if found == 1 else 'anomalies'}")
    elif any(section["note"] for section in anomalies.values()):
        parts.append("anomalies unknown")
    else:
        parts.append("no anomalies")
    return ", ".join(parts)


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


def _anomalies(spec: FeatureSpec, side: str, uri: str) -> dict[str, Any]:
    personal = {feature.name for feature in spec.table(side) if feature.pii}
    rows = read_anomalies(side, uri)
    return {"found": [{**a, "long": _HIDDEN} if a["feature"] in personal else a for a in rows]}


def _counts(uri: str) -> dict[str, Any]:
    counts = read_counts(uri)
    tables = {
        side: {key: int(counts[side][key]) for key in ("read", "kept", "quarantined")}
        for side in SIDES
    }
    splits = {str(split): int(rows) for split, rows in counts["splits"].items()}
    remarks = [*lost_columns(counts), *notes(counts)]
    return {"counts": {**tables, "splits": splits, "split": str(counts["split"]),
                       "remarks": remarks}}


def _reasons(spec: FeatureSpec, uri: str) -> dict[str, Any]:
    personal = [feature.name for feature in spec.features if feature.pii]
    groups = grouped_reasons(uri, _EXAMPLES, personal)
    return {"groups": groups[:_GROUPS], "groups_left_out": max(0, len(groups) - _GROUPS)}
