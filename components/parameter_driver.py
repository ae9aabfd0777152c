"""Parameters that are known only where a step runs, as a part of its cache key."""

from typing import Any

from tfx.dsl.components.base import base_driver
from tfx.orchestration import data_types_utils, metadata
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2


class ParameterDriver(base_driver.BaseDriver, portable_driver.BaseDriver):
    """Sets parameters where the step runs, just before the cache is looked up.

    The first base is what a component may declare, the second what launchers run.
    """

    def __init__(self, metadata_handle: metadata.Metadata):
        base_driver.BaseDriver.__init__(self, metadata_handle)
        portable_driver.BaseDriver.__init__(self, metadata_handle)

    def parameters(self, given: dict[str, Any]) -> dict[str, str]:
        """Returns the parameters to set; a subclass derives them from those given."""
        raise NotImplementedError

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Returns the step's parameters, those of `parameters` included."""
        given = execution_info.exec_properties
        given.update(self.parameters(given))
        result = driver_output_pb2.DriverOutput()
        for key, value in given.items():
            if value is not None:
                data_types_utils.set_metadata_value(result.exec_properties[key], value)
        for key, artifacts in execution_info.output_dict.items():
            result.output_artifacts[key].artifacts.extend(a.mlmd_artifact for a in artifacts)
        return result
