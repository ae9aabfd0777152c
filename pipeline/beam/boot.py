"""Starts one worker as an engine's environment PROCESS asks: `tessera-beam-boot`.

Beam has such a program in its container images alone.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

_TIMEOUT_S = 60.0


def main() -> None:
    """Becomes Beam's worker, with the Python and the packages of this environment."""
    parser = argparse.ArgumentParser(prog="tessera-beam-boot")
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    given, _ = parser.parse_known_args()
    os.environ.update(environment(given.id, provision_info(given.id, given.provision_endpoint)))
    os.execv(sys.executable, [
        sys.executable, "-P", "-m", "apache_beam.runners.worker.sdk_worker_main"])


def provision_info(worker_id: str, endpoint: str) -> Any:
    """Asks the engine what the worker is for; it is the `ProvisionInfo` of Beam's protocol."""
    import grpc
    from apache_beam.portability.api import beam_provision_api_pb2 as api
    from apache_beam.portability.api import beam_provision_api_pb2_grpc as service

    with grpc.insecure_channel(endpoint) as channel:
        return service.ProvisionServiceStub(channel).GetProvisionInfo(
            api.GetProvisionInfoRequest(), timeout=_TIMEOUT_S,
            metadata=[("worker_id", worker_id)]).info


def environment(worker_id: str, info: Any) -> Mapping[str, str]:
    """Returns the variables that Beam's worker reads.

    Args:
      worker_id: The worker's id.
      info: The engine's `ProvisionInfo`.
    """
    from google.protobuf import json_format, text_format

    return {
        "WORKER_ID": worker_id,
        "PIPELINE_OPTIONS": json.dumps(json_format.MessageToDict(info.pipeline_options)),
        "SEMI_PERSISTENT_DIRECTORY": os.environ.get("TMPDIR", "/tmp"),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
        "LOGGING_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.logging_endpoint),
        "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.control_endpoint),
        "PYTHONDONTWRITEBYTECODE": "1",  # see `pipeline.process.prepare`
        # As tf.keras must mean the same in all processes.
        "TF_USE_LEGACY_KERAS": "1",
    }
