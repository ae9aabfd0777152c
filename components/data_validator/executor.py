"""Judges a run's data."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.data_checks import CHECKS, Data, judge, nearest
from components.data_profile.profile import read_profile
from components.data_report.anomalies import read_anomalies
from components.data_report.quarantine import grouped_reasons
from components.data_validator.changes import changes
from components.data_validator.drift import measure_drift
from components.data_validator.verdict import DataVerdict
from schemas import SIDES, InputError, parse_spec

log = logging.getLogger("tessera.data_validator")


class Executor(base_executor.BaseExecutor):
    """Writes the verdict; what follows from it is for the gate."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the profiles, the anomalies and the quarantine; writes `verdict`.

        Raises:
          InputError: There are no data of the run that was asked for.
        """
        uri = artifact_utils.get_single_uri
        past, named = [one.uri for one in input_dict.get("past") or ()], exec_properties["past_run"]
        if named and not past:
            raise InputError(
                "unknown-past-run",
                f"checks.past names the run {named!r}, which has no data of this dataset in the "
                "metadata of this root. Give the id of a run under <root>/runs, or how many of "
                "the newest blessed runs count.")
        folders = {f"{side}_anomalies": uri(input_dict[f"{side}_anomalies"]) for side in SIDES}
        verdict = validate(
            {**json.loads(exec_properties["spec"]),
             "max_lost": exec_properties["max_quarantine_share"]},
            {"profile": uri(input_dict["profile"]), "quarantine": uri(input_dict["quarantine"]),
             **folders},
            past)
        log.info("DataValidator: %s", f"{verdict.verdict}, {verdict.headline}")
        verdict.save(uri(output_dict["verdict"]))


def validate(given: dict[str, Any], folders: dict[str, str], past: Sequence[str]) -> DataVerdict:
    """Judges the data of a run.

    Args:
      given: `name` and `texts` of the spec, and the share of a table's rows or of a column's values
        that may be left out (`max_lost`).
      folders: `profile`, `quarantine` and each table's `<table>_anomalies`.
      past: Folders of the profiles of the runs to compare with. Of several the nearest counts:
        what one of them has as well is no news.

    Returns:
      The verdict, with the changes since the newest of the runs.
    """
    spec = parse_spec(given["name"], given["texts"])
    today = read_profile(folders["profile"])
    if today is None:
        raise ValueError("the profile was written by another version of this step")
    # The newest first; TFX gives them in the order of their ids.
    pasts = dict(sorted(((folder, profile) for folder in past
                         if (profile := read_profile(folder))),
                        key=lambda pair: -pair[1]["moment"]))
    personal = [f.name for f in spec.features if f.pii]
    alone = Data(
        spec=spec, today=today, past=None, drift={}, max_lost=given["max_lost"],
        anomalies=[one for side in SIDES
                   for one in read_anomalies(side, folders[f"{side}_anomalies"])],
        reasons=grouped_reasons(folders["quarantine"], 1, personal))
    compared = [judge(replace(alone, past=before,
                              drift=measure_drift(spec, folders["profile"], folder)))
                for folder, before in pasts.items()]
    newest = next(iter(pasts.values()), None)
    both = {"past": newest or {}, "today": today}
    return DataVerdict(
        tuple(nearest(compared or [judge(alone)])),
        past=", ".join(one["run"] for one in pasts.values()) or None,
        limits={name: {"warn": one.warn, "fail": one.fail} for name, one in CHECKS.items()},
        changes=changes(today, newest), run=today["run"], moment=today["moment"],
        **{key: {run: profile.get("events", {}).get(key, {}) for run, profile in both.items()}
           for key in ("days", "labels")})
