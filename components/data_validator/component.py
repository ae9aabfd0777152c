"""The `DataValidator` component: the verdict on a run's data."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.artifacts import DataProfile, DataVerdict, Quarantine
from components.code_digest import code_digest
from components.data_checks.judge import require_known_checks
from components.data_validator.executor import Executor
from schemas import SIDES, FeatureSpec


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
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=DataVerdict)}
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
            verdict=channel.Channel(type=DataVerdict),
            spec=spec.to_json(), past_run=past_run,
            max_quarantine_share=float(max_quarantine_share),
            code_digest=code_digest("components.data_validator.executor")))
