"""The `DataReport` component: what the data looks like, for people."""

import json
import logging
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, channel, component_spec, standard_artifacts

from components.artifacts import DataReport as DataReportArtifact
from components.artifacts import DataVerdict, Quarantine
from components.code_digest import code_digest
from components.data_report.content import gather
from components.data_report.page import template_digest, write_pages
from schemas import SIDES, FeatureSpec, parse_spec
from trainer.modalities import files_of

log = logging.getLogger("tessera.data_report")
_OF_A_TABLE = {
    "{}": standard_artifacts.Examples,
    "{}_statistics": standard_artifacts.ExampleStatistics,
}


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
    write_pages(content, Path(target))


class DataReportSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `DataReport`."""

    INPUTS = {
        key.format(side): component_spec.ChannelParameter(type=kind)
        for side in SIDES for key, kind in _OF_A_TABLE.items()
    } | {"quarantine": component_spec.ChannelParameter(type=Quarantine),
         "verdict": component_spec.ChannelParameter(type=DataVerdict)}
    OUTPUTS = {"report": component_spec.ChannelParameter(type=DataReportArtifact)}
    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "folder": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class DataReport(base_component.BaseComponent):
    """Writes a self-contained page about the data, and its JSON twin."""

    SPEC_CLASS = DataReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, spec: FeatureSpec, name: str | None = None, folder: str = "",
                 **channels: channel.BaseChannel) -> None:
        """Builds the component.

        Args:
          spec: The dataset's spec.
          name: What the page calls the dataset; the spec's name by default.
          folder: The data's folder, as the page shows it.
          **channels: `quarantine`, `verdict` and, for each table, its Examples as `<table>` and
            its `<table>_statistics`.
        """
        super().__init__(
            spec=DataReportSpec(
                **channels,
                report=channel.Channel(type=DataReportArtifact),
                spec=json.dumps({"name": name or spec.name, "texts": list(spec.texts)}),
                folder=folder,
                code_digest=code_digest(
                    "components.data_report.component", *files_of("explain")) + template_digest(),
            )
        )
