"""The figures of a bench, and the server that they are measured on."""

import json
import math
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psutil

from benchmarks.load import NotMeasuredError, environment, served
from serving.client import Client
from serving.wire import MESSAGE_LIMITS

CLIENTS = 16
_CONFIG = """model_config_list {{ config {{
  name: "tessera" base_path: "{base}" model_platform: "tensorflow"
  model_version_policy {{ latest {{ num_versions: 2 }} }}
}} }}
"""


@dataclass
class Bench:
    """A model, a scale, and the figures so far.

    Attributes:
      model: Folder of one version.
      root: The root of the run that pushed it.
      scale: Of the seconds and counts: 1 is the whole measure.
      figures: Value, limit and verdict by name; no value is what could not be measured.
    """

    model: Path
    root: Path
    scale: float = 1.0
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def most(self, name: str, value: float, limit: float, unit: str) -> None:
        """Records a figure that must not be larger than a limit."""
        self._record(name, value, limit, unit, value <= limit, "at most")

    def least(self, name: str, value: float, limit: float, unit: str) -> None:
        """Records a figure that must not be smaller than a limit."""
        self._record(name, value, limit, unit, value >= limit, "at least")

    def _record(self, name: str, value: float, limit: float, unit: str, passed: bool,
                how: str) -> None:
        verdict = "PASS" if passed else "FAIL"
        measured, bound = (float(one) if math.isfinite(one) else None for one in (value, limit))
        self.figures[name] = {"value": measured, "limit": bound, "unit": unit,
                              "verdict": verdict}
        print(f"{verdict}  {name}: {value:,.4g} {unit} ({how} {limit:,.4g})", flush=True)


@dataclass(frozen=True)
class Server:
    """A server in a process of its own.

    Attributes:
      base: The folder of its versions.
      port: Its gRPC port.
      metrics_port: Where its metrics are.
      process: The process; its children are the models.
    """

    base: Path
    port: int
    metrics_port: int
    process: psutil.Process

    def client(self, **options: Any) -> Client:
        """Returns a client."""
        return Client("127.0.0.1", self.port, timeout_s=60, **options)

    def channel(self) -> grpc.Channel:
        """Returns a channel, whose connection is no other one's."""
        options = [*MESSAGE_LIMITS, ("grpc.use_local_subchannel_pool", 1)]
        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=options)

    def half_of_peak(self, requests: list[bytes], seconds: float) -> float:
        """Returns half of the requests a second that all clients get served."""
        return served(self.port, requests, CLIENTS, seconds).a_second / 2

    def cpu_s(self) -> float:
        """Returns the seconds of processor time of all of its processes."""
        return sum(one.cpu_times().user + one.cpu_times().system for one in self.processes())

    def rss_mib(self) -> float:
        """Returns the memory of all of its processes; what copies share counts several times."""
        return sum(one.memory_info().rss for one in self.processes()) / 2**20

    def pss_mib(self) -> tuple[float, float]:
        """Returns the memory of all of its processes, what is shared counted once; Linux alone can.

        Returns:
          All of it, and what is no mapped file. The part of a library that counts for a process
          changes as others begin and end to use it.
        """
        texts = [Path(f"/proc/{one.pid}/smaps_rollup").read_text() for one in self.processes()]
        rows = [line.split() for text in texts for line in text.splitlines()]
        pss, anonymous, shared = (sum(int(row[1]) for row in rows if row[0] == key) / 1024
                                  for key in ("Pss:", "Pss_Anon:", "Pss_Shmem:"))
        return pss, anonymous + shared

    def peak_mib(self) -> float:
        """Returns the most memory that its processes had since `forget_peak`, each by itself."""
        return sum(int(line.split()[1]) for one in self.processes()
                   for line in Path(f"/proc/{one.pid}/status").read_text().splitlines()
                   if line.startswith("VmHWM:")) / 1024

    def forget_peak(self) -> None:
        """Lets the peak begin at what is taken now; Linux alone can."""
        for one in self.processes():
            Path(f"/proc/{one.pid}/clear_refs").write_text("5")

    def processes(self) -> list[psutil.Process]:
        """Returns the server and its children."""
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def running(model: Path, *options: str) -> Iterator[Server]:
    """Runs a server on a copy of a version, as version 1."""
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as name:
        folder = Path(name)
        base, config, ready = folder / "models", folder / "models.config", folder / "ready.json"
        shutil.copytree(model, base / "1")
        config.write_text(_CONFIG.format(base=base))
        metrics_port = _free_port()
        process = subprocess.Popen([
            sys.executable, "-m", "serving.server", f"--model-config-file={config}", "--port=0",
            f"--ready-file={ready}", f"--metrics-port={metrics_port}", *options],
            env=environment())
        try:
            while not ready.exists():
                if process.poll() is not None:
                    raise NotMeasuredError("server-has-ended",
                                           f"The server has ended with {process.returncode}.")
                time.sleep(0.02)
            port = json.loads(ready.read_text())["port"]
            yield Server(base, port, metrics_port, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
