"""The `DataGate` component: nothing is trained on data that failed its checks."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.artifacts import DataReport, Quarantine, Verdict
from components.code_digest import code_digest
from components.data_gate.executor import Executor


class DataGateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `DataGate`."""

    INPUTS = {
        "users_anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies
        ),
        "items_anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies
        ),
        "interactions_anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies
        ),
        "quarantine": component_spec.ChannelParameter(type=Quarantine),
        "report": component_spec.ChannelParameter(type=DataReport),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=Verdict)}
    PARAMETERS = {
        "max_quarantine_share": component_spec.ExecutionParameter(type=float),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class DataGate(base_component.BaseComponent):
    """Raises a `DataAnomalyError` on an anomaly or on too many records in quarantine."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        users_anomalies: channel.BaseChannel,
        items_anomalies: channel.BaseChannel,
        interactions_anomalies: channel.BaseChannel,
        quarantine: channel.BaseChannel,
        report: channel.BaseChannel,
        max_quarantine_share: float = 0.01,
    ) -> None:
        """Builds the component.

        Args:
          users_anomalies: `ExampleAnomalies` of the users.
          items_anomalies: `ExampleAnomalies` of the items.
          interactions_anomalies: `ExampleAnomalies` of the interactions.
          quarantine: The `Quarantine` of ingest.
          report: The `DataReport`, so that it is written before anything stops.
          max_quarantine_share: Largest share of a table's rows that may be left out, 0 to 1.
        """
        super().__init__(
            spec=DataGateSpec(
                users_anomalies=users_anomalies,
                items_anomalies=items_anomalies,
                interactions_anomalies=interactions_anomalies,
                quarantine=quarantine,
                report=report,
                verdict=channel.Channel(type=Verdict),
                max_quarantine_share=float(max_quarantine_share),
                code_digest=code_digest("components.data_gate.executor"),
            )
        )
