"""Judges a run's data."""

import json
import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.data_checks import CHECKS, Data, judge
from components.data_profile.profile import read_profile
from components.data_report.anomalies import read_anomalies
from components.data_report.quarantine import grouped_reasons
from components.data_validator.changes import changes
from components.data_validator.drift import measure_drift
from components.data_validator.verdict import DataVerdict
from schemas import SIDES, parse_spec

log = logging.getLogger("tessera.data_validator")


class Executor(base_executor.BaseExecutor):
    """Writes the verdict; what follows from it is for the gate."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the profiles, the anomalies and the quarantine; writes `verdict`."""
        uri = artifact_utils.get_single_uri
        past = input_dict.get("past") or []
        folders = {f"{side}_anomalies": uri(input_dict[f"{side}_anomalies"]) for side in SIDES}
        verdict = validate(
            {**json.loads(exec_properties["spec"]),
             "max_lost": exec_properties["max_quarantine_share"]},
            {"profile": uri(input_dict["profile"]), "quarantine": uri(input_dict["quarantine"]),
             **folders},
            uri(past) if past else None)
        log.info("DataValidator: %s", f"{verdict.verdict}, {verdict.headline}")
        verdict.save(uri(output_dict["verdict"]))


def validate(given: dict[str, Any], folders: dict[str, str], past: str | None) -> DataVerdict:
    """Judges the data of a run.

    Args:
      given: `name` and `texts` of the spec, and the share of a table's rows or of a column's values
        that may be left out (`max_lost`).
      folders: `profile`, `quarantine` and each table's `<table>_anomalies`.
      past: Folder of the profile of the run to compare with, `None` for none.

    Returns:
      The verdict.
    """
    spec = parse_spec(given["name"], given["texts"])
    today = read_profile(folders["profile"])
    before = read_profile(past) if past else None
    if today is None:
        raise ValueError("the profile was written by another version of this step")
    personal = [f.name for f in spec.features if f.pii]
    data = Data(
        spec=spec, today=today, past=before,
        drift=measure_drift(spec, folders["profile"], past) if past and before else {},
        max_lost=given["max_lost"],
        anomalies=[one for side in SIDES
                   for one in read_anomalies(side, folders[f"{side}_anomalies"])],
        reasons=grouped_reasons(folders["quarantine"], 1, personal))
    limits = {name: {"warn": one.warn, "fail": one.fail} for name, one in CHECKS.items()}
    return DataVerdict(tuple(judge(data)), before["run"] if before else None, limits,
                       changes(today, before), today["run"],
                       {name: (profile or {}).get("events", {}).get("days", {})
                        for name, profile in (("past", before), ("today", today))})
