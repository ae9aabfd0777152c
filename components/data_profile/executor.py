"""Profiles a run's data."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.data_profile.profile import make_profile, write_profile
from components.data_report.splits import split_folders
from components.data_validator.drift import statistics_file
from schemas import SIDES, parse_spec

DATASET, SPAN = "dataset", "span"  # custom properties of the artifact


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
        profile = make_profile(spec, folders, int(time.time())) | {"run": run}
        write_profile(artifact.uri, profile)
        for side in SIDES:
            # The first split is all of a table, or training's part of the interactions.
            (first, *_) = split_folders(folders[f"{side}_statistics"]).values()
            shutil.copyfile(first / "FeatureStats.pb", Path(artifact.uri, statistics_file(side)))
        for name in (DATASET, SPAN):
            artifact.set_string_custom_property(name, exec_properties[name])
