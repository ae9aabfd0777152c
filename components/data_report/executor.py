"""Writes the data report."""

import json
import logging
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.data_report.content import gather
from components.data_report.page import to_html, to_json
from schemas import FeatureSpec, parse_spec

log = logging.getLogger("tessera.data_report")


class Executor(base_executor.BaseExecutor):
    """Writes the report; whatever is wrong with the data is in it."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads every input; writes `report`."""
        folders = {
            name: artifact_utils.get_single_uri(artifacts)
            for name, artifacts in input_dict.items()
        }
        spec = parse_spec(**json.loads(exec_properties["spec"]))
        write_report(spec, folders, artifact_utils.get_single_uri(output_dict["report"]),
                     exec_properties["folder"])


def write_report(spec: FeatureSpec, folders: dict[str, str], target: str,
                 data_folder: str = "") -> None:
    """Writes `data_report.html` and `data_report.json`.

    Args:
      spec: The dataset's spec.
      folders: Folders of the artifacts, see `components.data_report.content.gather`.
      target: The folder to write to.
      data_folder: What the page calls the data's folder.
    """
    content = {**gather(spec, folders), "folder": data_folder}
    log.info("DataReport: %s", content["headline"])
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data_report.html").write_text(to_html(content), encoding="utf-8")
    (folder / "data_report.json").write_text(to_json(content), encoding="utf-8")
