"""Workers that wait for a cluster's jobs in a process that has loaded everything.

Beam's own pool listens on every address of the machine, and starts whatever `python` is the first
on the PATH; if that is the wrong one, its worker dies and the job waits for ever.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

import grpc
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer
from apache_beam.utils import thread_pool_executor

from schemas import InputError

log = logging.getLogger("tessera.beam_worker")
_STATE_CACHE_BYTES = 100 << 20  # of side inputs, as Beam's own workers have it
_CALLS_BEFORE_IDLE = [("grpc.http2.max_pings_without_data", 0),
                      ("grpc.http2.max_ping_strikes", 0)]


class WorkerPool(BeamFnExternalWorkerPoolServicer):
    """Starts a worker, a thread of this process, for each that an engine asks for."""

    def __init__(self) -> None:
        """Makes a pool that has no workers yet."""
        super().__init__(use_process=False, state_cache_size=_STATE_CACHE_BYTES,
                         data_buffer_time_limit_ms=-1)

    def StartWorker(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        """Starts a worker; the engine is given the reason if it cannot start."""
        response = super().StartWorker(request, context)
        if response.error:
            log.error("Worker %s cannot start: %s", request.worker_id, response.error)
        return response


def bound_server(host: str, port: int) -> tuple[grpc.Server, int]:
    """Takes a port for engines that ask for workers.

    Args:
      host: The address to listen on.
      port: The port; 0 takes a free one.

    Returns:
      The server, which does not run yet, and its port.

    Raises:
      InputError: The address is not this machine's, or the port is taken.
    """
    server = grpc.server(thread_pool_executor.shared_unbounded_instance(),
                         options=[*_CALLS_BEFORE_IDLE, ("grpc.so_reuseport", 0)])
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(WorkerPool(), server)
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise InputError("worker-port-taken",
                         f"Cannot listen on {host}:{port}. Give an address of this machine with "
                         "--host, and a port that is free with --port.") from error
    return server, bound


def load_steps() -> None:
    """Imports what workers of our steps need, so that none of them has to."""
    import tensorflow_data_validation  # noqa: F401
    import tensorflow_model_analysis  # noqa: F401
    import tensorflow_transform.beam  # noqa: F401
    from tfx.components.evaluator import executor as evaluator  # noqa: F401
    from tfx.components.statistics_gen import executor as statistics_gen  # noqa: F401

    import components.catalog_gen.component
    import components.transform.component  # noqa: F401


def run_pool(host: str, port: int, say: Callable[[str], None]) -> None:
    """Serves until the process is asked to end.

    Args:
      host: The address to listen on.
      port: The port.
      say: Prints a line.
    """
    server, bound = bound_server(host, port)
    load_steps()
    server.start()
    say(f"Workers wait at {host}:{bound}. A job finds them by the options environment_type: "
        f"EXTERNAL and environment_config: {host}:{bound}.")
    try:
        threading.Event().wait()
    finally:
        server.stop(grace=1).wait()
