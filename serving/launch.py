"""Starting a server: for good, in place of this process, or beside it for a while."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import TesseraError
from serving import server
from serving.model_config import require_versions

if TYPE_CHECKING:
    from serving.request_log import RequestLog

_STOCK_SERVER = "tensorflow_model_server"
_POLL_SECONDS = 0.05
_STOP_SECONDS = 40.0
_LINES_TOLD = 10
_log = logging.getLogger(__name__)


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


@dataclass(frozen=True)
class Served:
    """What is served, and where.

    Attributes:
      model_base_path: The folder of the versions, as Pusher fills it; `None` beside a file.
      model_name: The name that requests must give.
      model_config_file: A `models.config` in place of both.
      host: The address to listen on; the stock server has no such choice.
      port: The gRPC port.
      ssl_config_file: TensorFlow Serving's file of keys and certificates.
      metrics_port: Where Prometheus reads; nowhere by default.
      request_log: Folder for a sample of the requests; none is written by default.
      request_log_share: How many of the requests are in the sample.
      rest_port: Where REST is served; nowhere by default.
    """

    model_base_path: Path | None
    model_name: str = "tessera"
    model_config_file: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8500
    ssl_config_file: Path | None = None
    metrics_port: int | None = None
    request_log: Path | None = None
    request_log_share: float = 0.01
    rest_port: int | None = None


def serve(served: Served) -> None:
    """Serves until stopped: by `tensorflow_model_server` if installed, else by the embedded one.

    Args:
      served: What is served.

    Raises:
      InputError: If a folder holds no version that loads, or the port cannot be had.
    """
    server.tell_log()
    if served.model_base_path is not None:
        require_versions(served.model_base_path)
    stock = shutil.which(_STOCK_SERVER)
    if stock is None:
        server.run(lambda: server.EmbeddedServer(
            served.model_base_path, served.model_name, served.host, served.port,
            config_file=served.model_config_file, ssl_config_file=served.ssl_config_file,
            metrics_port=served.metrics_port, request_log=_request_log(served),
            rest_port=served.rest_port))
        return
    if served.request_log is not None:
        _log.warning("%s logs requests by the logging_config of models.config alone", stock)
    if served.metrics_port is not None:
        _log.warning("%s has metrics on its REST port, by --monitoring_config_file", stock)
    if served.host != "0.0.0.0":
        _log.warning("%s listens on every address of this machine, not on %s", stock, served.host)
    sys.stdout.flush()
    os.execv(stock, [_STOCK_SERVER, *_stock_options(served)])


def _request_log(served: Served) -> RequestLog | None:
    if served.request_log is None:
        return None
    from serving.request_log import RequestLog

    return RequestLog(served.request_log, served.request_log_share)


def _stock_options(served: Served) -> list[str]:
    # The stock server refuses a relative path.
    models = ([f"--model_config_file={served.model_config_file.resolve()}"]
              if served.model_config_file is not None else
              [f"--model_name={served.model_name}",
               f"--model_base_path={(served.model_base_path or Path()).resolve()}"])
    if served.ssl_config_file is not None:
        models.append(f"--ssl_config_file={served.ssl_config_file.resolve()}")
    return [f"--port={served.port}", f"--rest_api_port={served.rest_port or 0}", *models]


@contextmanager
def running_server(
    model_base_path: Path, model_name: str = "tessera", start_seconds: float = 180.0
) -> Iterator[Address]:
    """Runs the embedded server in a process of its own, on a free port, until the block ends.

    The server ends with this process too, even if that is killed.

    Args:
      model_base_path: The folder of the versions.
      model_name: The name that requests must give.
      start_seconds: How long the server may take to load the model.

    Yields:
      The address, as soon as requests are served.

    Raises:
      TesseraError: If the server ends or is not ready in time; the message has its last lines.
    """
    with tempfile.TemporaryDirectory(prefix="tessera-server-") as folder:
        ready_file, log_file = Path(folder, "ready.json"), Path(folder, "stderr.txt")
        command = [
            sys.executable, "-m", "serving.server", "--port=0",
            f"--model-base-path={model_base_path}", f"--model-name={model_name}",
            f"--ready-file={ready_file}", f"--end-with={os.getpid()}",
        ]  # fmt: skip
        # What this process can import, the other can too, wherever it was started.
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        try:
            yield _wait_until_ready(process, ready_file, log_file, start_seconds)
        finally:
            _end(process)


def _wait_until_ready(
    process: subprocess.Popen, ready_file: Path, log_file: Path, start_seconds: float
) -> Address:
    deadline = time.monotonic() + start_seconds
    while not ready_file.exists():
        if process.poll() is not None:
            fault = f"ended with exit code {process.returncode}"
            raise TesseraError("server-ended",
                               f"The server {fault}. Its last lines:\n{_last_lines(log_file)}")
        if time.monotonic() > deadline:
            fault = f"was not ready after {start_seconds:g} s"
            raise TesseraError("server-not-ready",
                               f"The server {fault}. Its last lines:\n{_last_lines(log_file)}")
        time.sleep(_POLL_SECONDS)
    ready = json.loads(ready_file.read_text(encoding="utf-8"))
    return Address(ready["host"], ready["port"])


def _last_lines(log_file: Path) -> str:
    lines = log_file.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LINES_TOLD:]) or "(none)"


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
