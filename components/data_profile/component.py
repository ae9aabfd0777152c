"""The `DataProfiler` component: a small profile of a run's data."""

import json
import logging
import time
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, channel, component_spec, standard_artifacts

from components.artifacts import SPAN, DataProfile, Quarantine
from components.code_digest import code_digest
from components.data_profile.columns import profile_columns
from components.data_profile.events import profile_events
from components.data_profile.leaks import profile_leaks
from components.data_profile.sketch import profile_ids
from components.data_profile.statistics import compared_statistics, statistics_file
from components.data_profile.tables import read_table
from components.quarantine import read_counts
from components.splits import split_folders
from schemas import SIDES, FeatureSpec, parse_spec
from trainer.modalities import files_of

log = logging.getLogger("tessera.data_profile")
_FILE = "profile.json"
VERSION = 6
DATASET = "dataset"  # custom property of the artifact, which also has its span


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
        log.info("DataProfiler: %s rows of %s are read", f"{table.rows:,}", side)
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
    """Reads `profile.json`; `None` of another version, or where `tessera prune` deleted it."""
    if not (Path(uri) / _FILE).exists():
        return None
    profile = json.loads((Path(uri) / _FILE).read_text(encoding="utf-8"))
    return profile if profile.get("version") == VERSION else None


class Executor(base_executor.BaseExecutor):
    """Writes the profile, and beside it the statistics that the next run is compared with."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads tables, statistics and quarantine; writes `profile`."""
        folders = {name: artifact_utils.get_single_uri(artifacts)
                   for name, artifacts in input_dict.items()}
        spec = parse_spec(**json.loads(exec_properties["spec"]))
        artifact = artifact_utils.get_single_instance(output_dict["profile"])
        run = self._context.pipeline_run_id if self._context else ""
        profile = make_profile(spec, folders, int(time.time())) | {
            "run": run, "span": exec_properties["span"]}
        write_profile(artifact.uri, profile)
        for side in SIDES:
            # The first split is all of a table, or training's part of the interactions.
            (first, *_) = split_folders(folders[f"{side}_statistics"]).values()
            statistics = compared_statistics(spec, side, first / "FeatureStats.pb")
            Path(artifact.uri, statistics_file(side)).write_bytes(statistics.SerializeToString())
        for name in (DATASET, SPAN):
            artifact.set_string_custom_property(name, exec_properties[name])


class DataProfilerSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `DataProfiler`."""

    INPUTS = {
        side: component_spec.ChannelParameter(type=standard_artifacts.Examples) for side in SIDES
    } | {
        f"{side}_statistics": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics) for side in SIDES
    } | {"quarantine": component_spec.ChannelParameter(type=Quarantine)}
    OUTPUTS = {"profile": component_spec.ChannelParameter(type=DataProfile)}
    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "dataset": component_spec.ExecutionParameter(type=str),
        "span": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class DataProfiler(base_component.BaseComponent):
    """Writes what the data of a run are like, for its own checks and for those of the next run."""

    SPEC_CLASS = DataProfilerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, spec: FeatureSpec, dataset: str, span: str = "",
                 **channels: channel.BaseChannel) -> None:
        """Builds the component.

        Args:
          spec: The dataset's spec.
          dataset: What results call the dataset; only runs of one dataset are compared.
          span: The newest span that is read; empty where the data have none. Only spans before it
            are its past.
          **channels: `quarantine` and, for each table, its Examples as `<table>` and its
            `<table>_statistics`.
        """
        super().__init__(DataProfilerSpec(
            **channels, profile=channel.Channel(type=DataProfile),
            spec=spec.to_json(), dataset=dataset, span=span,
            code_digest=code_digest("components.data_profile.component", *files_of("facts"))))
