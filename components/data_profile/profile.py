"""The whole profile, as one value that is written as JSON."""

import json
from pathlib import Path
from typing import Any

from components.data_profile.columns import profile_columns
from components.data_profile.events import profile_events
from components.data_profile.leaks import profile_leaks
from components.data_profile.sketch import profile_ids
from components.data_profile.tables import read_table
from components.data_report.quarantine import read_counts
from schemas import SIDES, FeatureSpec

_FILE = "profile.json"
VERSION = 2


def make_profile(spec: FeatureSpec, folders: dict[str, str], now: int) -> dict[str, Any]:
    """Profiles the tables of a run.

    Args:
      spec: The dataset's spec.
      folders: Folders of the artifacts: each table's `Examples` by its name, and `quarantine`.
      now: The present second.

    Returns:
      Plain values: `version`, `moment` (the present second), `rows`, `columns`, `ids` and `leaks`
      by table, `events`, and the `counts` of ingest without its remarks.
    """
    counts = read_counts(folders["quarantine"])
    profile: dict[str, Any] = {"version": VERSION, "moment": now, "rows": {}, "columns": {},
                               "ids": {}, "leaks": {}}
    for side in SIDES:
        table = read_table(folders[side], spec, side)
        lost = {one["column"]: one["count"]
                for one in counts.get("remarks", {}).get(side, {}).get("lost", ())}
        profile["rows"][side] = table.rows
        profile["columns"][side] = profile_columns(spec, side, table, lost)
        profile["leaks"][side] = profile_leaks(spec, side, table)
        if side == "interactions":
            profile["events"] = profile_events(spec, table, now)
        else:
            profile["ids"][side] = profile_ids(spec, side, table)
    counts.pop("remarks", None)
    return profile | {"counts": counts}


def write_profile(uri: str, profile: dict[str, Any]) -> None:
    """Writes `profile.json` into an artifact's folder."""
    Path(uri).mkdir(parents=True, exist_ok=True)
    (Path(uri) / _FILE).write_text(json.dumps(profile, allow_nan=False), encoding="utf-8")


def read_profile(uri: str) -> dict[str, Any] | None:
    """Reads `profile.json`; one of another version is `None`, for nothing compares with it."""
    profile = json.loads((Path(uri) / _FILE).read_text(encoding="utf-8"))
    return profile if profile.get("version") == VERSION else None
