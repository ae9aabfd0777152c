"""The `DataGate` component: nothing is trained on data that failed their checks."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec

from components.artifacts import DataReport, DataVerdict, Verdict
from components.code_digest import code_digest
from components.data_gate.executor import Executor


class DataGateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `DataGate`."""

    INPUTS = {
        "data_verdict": component_spec.ChannelParameter(type=DataVerdict),
        "report": component_spec.ChannelParameter(type=DataReport),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=Verdict)}
    PARAMETERS = {"code_digest": component_spec.ExecutionParameter(type=str)}


class DataGate(base_component.BaseComponent):
    """Raises a `DataAnomalyError` where the verdict on the data is FAIL."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, data_verdict: channel.BaseChannel, report: channel.BaseChannel) -> None:
        """Builds the component.

        Args:
          data_verdict: The `DataVerdict` of `DataValidator`.
          report: The `DataReport`, so that it is written before anything stops.
        """
        super().__init__(
            spec=DataGateSpec(
                data_verdict=data_verdict, report=report,
                verdict=channel.Channel(type=Verdict),
                code_digest=code_digest("components.data_gate.executor"),
            )
        )
