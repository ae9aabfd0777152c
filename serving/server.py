"""The embedded server: TensorFlow Serving's gRPC interface where its binary is not at hand.

    python -m serving.server --model-base-path DIR --port 8500
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import grpc

from schemas import log
from schemas.errors import InputError, TesseraError
from serving.model_config import ModelConfig, read_model_config, require_versions
from serving.ports import port_in_use, require_free, require_ports
from serving.tls import ssl_credentials
from serving.wire import MESSAGE_LIMITS

if TYPE_CHECKING:
    from serving.metrics import Metrics
    from serving.request_log import RequestLog
    from serving.served_version import ServedVersion

_GRACE_SECONDS = 30.0  # at most: the server ends as soon as nothing runs
_LAST_WORD_SECONDS = 1.0  # of calls that wait for a message; who watches health hears of the end
_HANG_UP_SECONDS = 0.5
_WATCH_SECONDS = 0.2
# Each waiting request has a thread, and so has each call whose message is not there yet. Some
# threads are kept for health and status.
_MOST_PREDICTIONS, _MOST_OPEN, _OTHER_THREADS = 112, 128, 16
_log = logging.getLogger("serving.server")  # also when this module is the main one


class EmbeddedServer:
    """A server within this process, its models in children; use it as a context manager.

    Args:
      model_base_path: The folder of the versions, as TensorFlow Serving lays it out.
      model_name: The name that requests must give.
      host: The address to listen on.
      port: The port to listen on; 0 takes a free one.
      poll_seconds: Time between two looks for a newer version.
      config_file: A `models.config`, in place of the first two.
      ssl_config_file: TensorFlow Serving's file of keys and certificates; without it no TLS.
      metrics_port: Where Prometheus reads; nowhere by default.
      batching: Whether requests that wait are run together.
      request_log: Where a sample of the requests is written; nowhere by default.
      rest_port: Where REST is served, 0 for a free port; nowhere by default.

    Raises:
      InputError: If a folder holds no version that loads, a file is of no use, or a port cannot be
        had.
    """

    def __init__(
        self,
        model_base_path: Path | None = None,
        model_name: str = "tessera",
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        poll_seconds: float = 1.0,
        config_file: Path | None = None,
        ssl_config_file: Path | None = None,
        metrics_port: int | None = None,
        batching: bool = True,
        request_log: "RequestLog | None" = None,
        rest_port: int | None = None,
    ) -> None:
        from serving.handlers import OpenCalls
        from serving.metrics import Metrics
        from serving.models import Models
        from serving.rest import RestService, serve_rest
        from serving.services import PredictionService, add_services

        # A model takes seconds to load: first see that everything else is there.
        require_ports({"--port": port, "--metrics-port": metrics_port, "--rest-port": rest_port})
        configs = _configs(config_file, model_name, model_base_path)
        credentials = ssl_credentials(ssl_config_file) if ssl_config_file else None
        require_free(host, port)
        metrics = Metrics()
        self._models = Models(configs, poll_seconds, metrics, batching, config_file)
        metrics.watch_waiting(lambda: self._models.waiting)
        self.name = configs[0].name
        self._server = _grpc_server()
        self._predictions = PredictionService(
            self._models, metrics, _MOST_PREDICTIONS, request_log)
        self._open_calls = OpenCalls(_MOST_OPEN)
        self._health = add_services(
            self._server, self._models, self._predictions, self._open_calls)
        self.host, self.rest_port = host, 0
        self._end_rest: Callable[[], None] = lambda: None
        self._ends: list[Callable[[], None]] = [request_log.close] if request_log else []
        try:
            self._listen(port, credentials)
            if metrics_port is not None:
                self._serve_metrics(metrics, metrics_port)
            if rest_port is not None:
                rest = RestService(self._models, self._predictions)
                self.rest_port, self._end_rest = serve_rest(rest, host, rest_port)
        except BaseException:
            self._close()
            raise

    @property
    def current(self) -> "ServedVersion":
        """What is served, of the first model."""
        current = self._models.versions(self.name).current
        assert current is not None  # the constructor saw to it
        return current

    @property
    def version(self) -> int:
        """The version that is served, of the first model."""
        return self.current.version

    def __enter__(self) -> "EmbeddedServer":
        self._models.start()
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end = time.monotonic() + _GRACE_SECONDS
        self._health.stop()
        self._models.end_loads()
        self._end_rest()
        self._server.stop(_GRACE_SECONDS)  # takes no call any more
        self._open_calls.close(_LAST_WORD_SECONDS)
        self._open_calls.drain(end - time.monotonic())
        self._predictions.drain(end - time.monotonic())  # those of REST
        # It waits for connections, also for those on which nothing runs; the shorter time counts.
        self._server.stop(_HANG_UP_SECONDS).wait()
        self._close()

    def _close(self) -> None:
        for end in self._ends:
            end()
        self._models.stop()

    def _listen(self, port: int, credentials: grpc.ServerCredentials | None) -> None:
        address = f"{self.host}:{port}"
        try:
            self.port = (self._server.add_insecure_port(address) if credentials is None
                         else self._server.add_secure_port(address, credentials))
        except RuntimeError as error:  # taken while the model was loaded
            raise port_in_use(self.host, port) from error

    def _serve_metrics(self, metrics: "Metrics", port: int) -> None:
        try:
            self._ends.append(metrics.serve(self.host, port))
        except OSError as error:
            raise InputError(
                "metrics-port-in-use",
                f"Metrics cannot be served on {self.host}:{port}: {error.strerror}. "
                "Choose another port with --metrics-port."
            ) from error


def _grpc_server() -> grpc.Server:
    return grpc.server(
        futures.ThreadPoolExecutor(_MOST_PREDICTIONS + _MOST_OPEN + _OTHER_THREADS),
        # Without so_reuseport=0 two servers share one port in silence. No limit of streams: with
        # grpc.max_concurrent_streams a client that asked quickly, one by one, was refused at times.
        options=[("grpc.so_reuseport", 0), *MESSAGE_LIMITS],
    )


def _configs(file: Path | None, name: str, base_path: Path | None) -> list[ModelConfig]:
    configs = read_model_config(file) if file else [ModelConfig(name, base_path or Path())]
    for config in configs:
        require_versions(config.base_path)
    return configs


def tell_log() -> None:
    """Writes what the server logs to stderr, from the level on that `TESSERA_LOG` names.

    Processes of models, which begin later, read what TensorFlow may say in theirs.
    """
    log.show()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1" if log.verbose() else "3")
    logging.basicConfig(format=log.form())
    logging.getLogger("serving").setLevel(log.level())


def run(make: Callable[[], EmbeddedServer], ready_file: Path | None = None) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
      make: Makes the server.
      ready_file: Where to write `{"host", "port", "version"}` as soon as requests are served.

    Raises:
      InputError: If the server cannot be made.
    """
    stopping = threading.Event()
    with make() as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        _log.info("Serving %s version %d on %s:%d",
                  server.name, server.version, server.host, server.port)
        if ready_file:
            ready = {"host": server.host, "port": server.port, "version": server.version}
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
    models = parser.add_mutually_exclusive_group(required=True)
    models.add_argument("--model-base-path", type=Path, metavar="DIR")
    models.add_argument("--model-config-file", type=Path, metavar="FILE", help="a models.config")
    parser.add_argument("--model-name", default="tessera")
    parser.add_argument("--ssl-config-file", type=Path, metavar="FILE")
    parser.add_argument("--metrics-port", type=int, metavar="PORT", help="for Prometheus")
    parser.add_argument("--no-batching", action="store_true", help="run each request alone")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8500, help="0 takes a free one")
    parser.add_argument("--ready-file", type=Path, metavar="FILE")
    parser.add_argument("--end-with", type=int, metavar="PID", help="end when this parent ends")
    given = parser.parse_args(arguments)
    if given.end_with is not None:
        end_with(given.end_with)
    tell_log()
    # While a model loads, too, and as process 1 of a container, which no signal ends by itself.
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        run(lambda: EmbeddedServer(
            given.model_base_path, given.model_name, given.host, given.port,
            config_file=given.model_config_file, ssl_config_file=given.ssl_config_file,
            metrics_port=given.metrics_port, batching=not given.no_batching), given.ready_file)
    except TesseraError as error:
        print(error.line, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
