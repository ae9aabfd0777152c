"""The `DataReport` component: what the data looks like, for people."""

import json

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.artifacts import DataReport as DataReportArtifact
from components.artifacts import DataVerdict, Quarantine
from components.code_digest import code_digest
from components.data_report.executor import Executor
from components.data_report.page import template_digest
from schemas import SIDES, FeatureSpec
from trainer.modalities import files_of

_OF_A_TABLE = {
    "{}": standard_artifacts.Examples,
    "{}_statistics": standard_artifacts.ExampleStatistics,
}


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
                    "components.data_report.executor", *files_of("explain")) + template_digest(),
            )
        )
