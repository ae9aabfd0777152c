"""The `DataProfiler` component: a small profile of a run's data."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.artifacts import DataProfile, Quarantine
from components.code_digest import code_digest
from components.data_profile.executor import Executor
from schemas import SIDES, FeatureSpec
from trainer.modalities import files_of


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
            code_digest=code_digest("components.data_profile.executor", *files_of("explain"))))
