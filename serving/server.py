"""The embedded server: TensorFlow Serving's gRPC interface where its binary is not at hand.

    python -m serving.server --model-base-path DIR --port 8500
"""

import argparse
import errno
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from concurrent import futures
from pathlib import Path
from types import TracebackType

import grpc

from schemas.errors import InputError, TesseraError
from serving.message_limits import MESSAGE_LIMITS
from serving.model_directory import require_versions
from serving.stack import quiet_tensorflow

_GRACE_SECONDS = 5.0
_WATCH_SECONDS = 0.2
_log = logging.getLogger("serving.server")  # also when this module is the main one


class EmbeddedServer:
    """A server within this process; use it as a context manager.

    Args:
      model_base_path: The folder of the versions, as TensorFlow Serving lays it out.
      model_name: The name that requests must give.
      host: The address to listen on.
      port: The port to listen on; 0 takes a free one.
      poll_seconds: Time between two looks for a newer version.

    Raises:
      InputError: If the folder holds no version that loads, or the port cannot be had.
    """

    def __init__(
        self,
        model_base_path: Path,
        model_name: str = "tessera",
        host: str = "127.0.0.1",
        port: int = 0,
        poll_seconds: float = 1.0,
    ) -> None:
        # TensorFlow takes seconds to import: first see that there is something to do with it.
        require_versions(model_base_path)
        _require_free(host, port)
        from serving.servable_manager import ServableManager

        self._manager = ServableManager(model_base_path, poll_seconds)
        self._server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1) + 2),
            # Without so_reuseport=0 two servers share one port in silence.
            options=[("grpc.so_reuseport", 0), *MESSAGE_LIMITS],
        )
        self._add_services(model_name)
        self.host = host
        try:
            self.port = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:  # taken while the model was loaded
            raise _port_in_use(host, port) from error

    @property
    def version(self) -> int:
        """The version that is served."""
        return self._manager.current.version

    def __enter__(self) -> "EmbeddedServer":
        self._manager.start()
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(_GRACE_SECONDS).wait()
        self._manager.stop()

    def _add_services(self, model_name: str) -> None:
        from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

        from serving.services import ModelService, PredictionService

        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(model_name, self._manager), self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(model_name, self._manager), self._server
        )


def _require_free(host: str, port: int) -> None:
    if not 0 <= port <= 65535:
        raise InputError("bad-port", f"--port must be 0 to 65535, 0 for a free one; given: {port}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise _port_in_use(host, port) from error
            raise InputError(
                "cannot-listen",
                f"Cannot listen on {host}:{port}: {error.strerror}. "
                "Choose another address with --host or another port with --port."
            ) from error


def _port_in_use(host: str, port: int) -> InputError:
    return InputError(
        "port-in-use",
        f"Port {port} on {host} is in use by another process; choose another with --port."
    )


def tell_log() -> None:
    """Writes what the server logs to stderr, whatever the level of other libraries."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("serving").setLevel(logging.INFO)


def run(
    model_base_path: Path, model_name: str, host: str, port: int, ready_file: Path | None = None
) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
      model_base_path: The folder of the versions.
      model_name: The name that requests must give.
      host: The address to listen on.
      port: The port to listen on; 0 takes a free one.
      ready_file: Where to write `{"host", "port", "version"}` as soon as requests are served.

    Raises:
      InputError: If the folder holds no version that loads, or the port cannot be had.
    """
    stopping = threading.Event()
    with EmbeddedServer(model_base_path, model_name, host, port) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        _log.info("Serving %s version %d on %s:%d", model_name, server.version, host, server.port)
        if ready_file:
            ready = {"host": host, "port": server.port, "version": server.version}
            partial = ready_file.with_name(ready_file.name + ".partial")
            partial.write_text(json.dumps(ready), encoding="utf-8")
            partial.replace(ready_file)
        stopping.wait()


def end_with(parent: int) -> None:
    """Ends this process as soon as its parent is gone, however that ended.

    A killed parent cannot stop its child. The system then gives the child another parent, on
    Linux and macOS alike; Linux's own signal for it is about the end of a thread, not a process.

    Args:
      parent: The process that must live; if it is gone by now, this one ends at once.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        # Nobody is left to wait for: neither for requests under way nor for a model that loads.
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def main(arguments: list[str] | None = None) -> int:
    """Runs the server from the command line and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m serving.server", description=__doc__)
    parser.add_argument("--model-base-path", type=Path, required=True, metavar="DIR")
    parser.add_argument("--model-name", default="tessera")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8500, help="0 takes a free one")
    parser.add_argument("--ready-file", type=Path, metavar="FILE")
    parser.add_argument("--end-with", type=int, metavar="PID", help="end when this parent ends")
    given = parser.parse_args(arguments)
    if given.end_with is not None:
        end_with(given.end_with)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    quiet_tensorflow()
    warnings.simplefilter("ignore", FutureWarning)
    tell_log()
    try:
        run(given.model_base_path, given.model_name, given.host, given.port, given.ready_file)
    except TesseraError as error:
        print(error.line, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
