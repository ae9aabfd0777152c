"""The `DataValidator` component: the verdict on a run's data."""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, channel, component_spec, standard_artifacts

from components.artifacts import DataProfile, Quarantine
from components.artifacts import DataVerdict as DataVerdictArtifact
from components.code_digest import code_digest
from components.data_checks import Data, judge, nearest
from components.data_checks.check import limits_in_force, require_known_checks
from components.data_profile.component import read_profile
from components.data_validator.drift import changes, distributions, measure_drift
from components.data_validator.verdict import DataVerdict
from components.quarantine import grouped_reasons
from components.splits import split_folders
from schemas import SIDES, FeatureSpec, InputError, parse_spec

log = logging.getLogger("tessera.data_validator")


def read_anomalies(table: str, uri: str) -> list[dict[str, Any]]:
    """Reads the anomalies of one table.

    Args:
      table: The table's name.
      uri: Folder of its `ExampleAnomalies`.

    Returns:
      One `{"table", "split", "feature", "short", "long"}` for each anomaly; `feature` is empty
      where it concerns the whole split.

    Raises:
      InputError: There are no anomalies files, or one is unreadable.
    """
    rows = []
    for split, folder in split_folders(uri).items():
        message = _read(folder / "SchemaDiff.pb")
        infos = sorted(message.anomaly_info.items())
        if message.HasField("dataset_anomaly_info"):
            infos.insert(0, ("", message.dataset_anomaly_info))
        rows += [
            {"table": table, "split": split, "feature": feature,
             "short": info.short_description, "long": info.description}
            for feature, info in infos
        ]
    return rows


def _read(path: Path) -> anomalies_pb2.Anomalies:
    try:
        return anomalies_pb2.Anomalies.FromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError has no common base with OSError.
        raise InputError(
            "unreadable-anomalies",
            f"Anomalies {path} cannot be read ({error}). Run the step again."
        ) from error


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
        if named and not any(map(read_profile, past)):
            raise InputError(
                "unknown-past-run",
                f"checks.past names the run {named!r}, which has no data of this dataset in the "
                "metadata of this root. Give the id of a run under <root>/runs, or how many of "
                "the newest blessed runs count.")
        folders = {f"{side}_anomalies": uri(input_dict[f"{side}_anomalies"]) for side in SIDES}
        verdict = replace(
            validate(
                {**json.loads(exec_properties["spec"]),
                 "max_lost": exec_properties["max_quarantine_share"]},
                {"profile": uri(input_dict["profile"]), "quarantine": uri(input_dict["quarantine"]),
                 **folders},
                past),
            # The profile may be of an earlier run, whose data were the same.
            run=self._context.pipeline_run_id if self._context else "", moment=int(time.time()))
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
        changes=changes(today, newest),
        distributions=distributions(today, newest), **limits_in_force(alone) | {
            key: {run: profile.get("events", {}).get(key, {}) for run, profile in both.items()}
            for key in ("days", "labels")})


class DataValidatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `DataValidator`."""

    INPUTS = {
        f"{side}_anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies) for side in SIDES
    } | {
        "quarantine": component_spec.ChannelParameter(type=Quarantine),
        "profile": component_spec.ChannelParameter(type=DataProfile),
        "past": component_spec.ChannelParameter(type=DataProfile, optional=True),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=DataVerdictArtifact)}
    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "past_run": component_spec.ExecutionParameter(type=str),
        "max_quarantine_share": component_spec.ExecutionParameter(type=float),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class DataValidator(base_component.BaseComponent):
    """Judges the data; the report shows its verdict, and the gate acts on it."""

    SPEC_CLASS = DataValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, spec: FeatureSpec, past: channel.BaseChannel,
                 max_quarantine_share: float = 0.01, past_run: str = "",
                 **channels: channel.BaseChannel) -> None:
        """Builds the component.

        Args:
          spec: The dataset's spec.
          past: The `DataProfile`s to compare with; it may be empty.
          max_quarantine_share: Share of a table's rows, or of a column's values, that may be left
            out, 0 to 1.
          past_run: Id of the run that `past` must be of, empty for whichever it is.
          **channels: `profile`, `quarantine` and, for each table, its `<table>_anomalies`.

        Raises:
          InputError: The schema sets limits of a check that there is not.
        """
        require_known_checks(spec)
        super().__init__(DataValidatorSpec(
            **channels, past=past,
            verdict=channel.Channel(type=DataVerdictArtifact),
            spec=spec.to_json(), past_run=past_run,
            max_quarantine_share=float(max_quarantine_share),
            code_digest=code_digest("components.data_validator.component")))
