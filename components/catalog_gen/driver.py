"""The content of a source's files, as a part of the component's cache key."""

import hashlib
import json

from tfx.dsl.components.base import base_driver
from tfx.orchestration import data_types_utils, metadata
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2

from components.sources import open_source
from components.sources.base import Source

_BLOCK = 1 << 20


class Driver(base_driver.BaseDriver, portable_driver.BaseDriver):
    """Sets the fingerprint where the step runs, just before the cache is looked up.

    The first base is what a component may declare, the second what launchers run.
    """

    def __init__(self, metadata_handle: metadata.Metadata):
        base_driver.BaseDriver.__init__(self, metadata_handle)
        portable_driver.BaseDriver.__init__(self, metadata_handle)

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Returns the step's parameters with `fingerprint` filled in."""
        source = open_source(**json.loads(execution_info.exec_properties["source"]))
        execution_info.exec_properties["fingerprint"] = fingerprint(source)
        result = driver_output_pb2.DriverOutput()
        for key, value in execution_info.exec_properties.items():
            if value is not None:
                data_types_utils.set_metadata_value(result.exec_properties[key], value)
        for key, artifacts in execution_info.output_dict.items():
            result.output_artifacts[key].artifacts.extend(a.mlmd_artifact for a in artifacts)
        return result


def fingerprint(source: Source) -> str:
    """Digests the names and the content of all files of a source.

    Args:
      source: The source.

    Returns:
      Thirty-two hexadecimal digits; one changed byte changes them.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(source.files()):
        digest.update(f"{path.name}/{path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()
