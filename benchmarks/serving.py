"""The figures of the model server, each with PASS or FAIL.

    python -m benchmarks.serving --model tessera-runs/serving/demo-flagship-1
    python -m benchmarks.serving --scale 0.1 --only swaps rollback

Clients run in another process on the same machine. Without a model the demo shop is trained first.
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psutil

from benchmarks import serving_hostile, serving_swaps
from benchmarks.load import clients
from benchmarks.malformed_requests import good_requests, own_examples
from pipeline.pushed import serving_folder
from serving.client import Client
from serving.model_config import versions
from serving.wire import MESSAGE_LIMITS

_OUTPUT = Path(__file__).with_name("serving.json")
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
        measured, bound = (one if math.isfinite(one) else None for one in (value, limit))
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
      config: Its `models.config`.
    """

    base: Path
    port: int
    metrics_port: int
    process: psutil.Process
    config: Path

    def client(self, **options: Any) -> Client:
        """Returns a client."""
        return Client("127.0.0.1", self.port, timeout_s=60, **options)

    def channel(self) -> grpc.Channel:
        """Returns a channel."""
        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=MESSAGE_LIMITS)

    def cpu_s(self) -> float:
        """Returns the seconds of processor time of all of its processes."""
        return sum(one.cpu_times().user + one.cpu_times().system for one in self._processes())

    def rss_mib(self) -> float:
        """Returns the memory of all of its processes; what copies share counts several times."""
        return sum(one.memory_info().rss for one in self._processes()) / 2**20

    def peak_mib(self) -> float:
        """Returns the most memory that its processes had since `forget_peak`, each by itself."""
        return sum(int(line.split()[1]) for one in self._processes()
                   for line in Path(f"/proc/{one.pid}/status").read_text().splitlines()
                   if line.startswith("VmHWM:")) / 1024

    def forget_peak(self) -> None:
        """Lets the peak begin at what is taken now; Linux alone can."""
        for one in self._processes():
            Path(f"/proc/{one.pid}/clear_refs").write_text("5")

    def _processes(self) -> list[psutil.Process]:
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
            f"--ready-file={ready}", f"--metrics-port={metrics_port}", *options])
        try:
            while not ready.exists():
                if process.poll() is not None:
                    sys.exit("The server has ended.")
                time.sleep(0.02)
            port = json.loads(ready.read_text())["port"]
            yield Server(base, port, metrics_port, psutil.Process(process.pid), config)
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def requests_of(server: Server, signature: str, count: int = 1) -> list[bytes]:
    """Returns requests of one row, each of another user."""
    with server.client() as client:
        good = good_requests(client.signatures, own_examples(server.base / "1"), rows=1)[signature]
    requests = []
    for place in range(count):
        request = type(good).FromString(good.SerializeToString())
        for key, tensor in request.inputs.items():
            if key == "user_id":
                tensor.string_val[:] = [f"c{place:04}".encode()]
            elif key == "k":
                tensor.tensor_content = (10).to_bytes(4, "little")
            elif key == "timestamp":
                tensor.tensor_content = b"\xff" * 8
        requests.append(request.SerializeToString())
    return requests


def first_request(bench: Bench) -> None:
    """The first request after a start against the steady 99th percentile."""
    with running(bench.model) as server:
        (request,) = requests_of(server, "recommend")
        with server.channel() as channel:
            call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
            grpc.channel_ready_future(channel).result(10)
            begin = time.perf_counter()
            call(request, timeout=10)
            first = (time.perf_counter() - begin) * 1000
        with clients(server.port, [request], 1, 10 * bench.scale) as end:
            steady = end().percentile(99)
    bench.most("first request after a start", first, 2 * steady, "ms")


def lone_client(bench: Bench) -> None:
    """Processor time of a request, and what batching costs a lone client."""
    medians: dict[str, list[float]] = {"on": [], "off": []}
    with running(bench.model) as on, running(bench.model, "--no-batching") as off:
        (request,) = requests_of(off, "recommend")
        for round_ in range(4):
            for name, server in (("on", on), ("off", off)):
                before = server.cpu_s()
                with clients(server.port, [request], 1, 6 * bench.scale) as end:
                    load = end()
                used = (server.cpu_s() - before) * 1000 / len(load.begins)
                if round_:  # the first warms up
                    medians[name].append(load.percentile(50))
                    if name == "off":
                        cpu = used
    bench.most("processor time of a recommend request, k = 10", cpu, 4, "ms")
    ratio = statistics.median(medians["on"]) / statistics.median(medians["off"])
    bench.most("latency of a lone client, batching on against off", ratio, 1.1, "times")


def batching(bench: Bench) -> None:
    """Requests a second of 16 clients, batching on against off."""
    for signature in ("recommend", "predict_examples"):
        rates: dict[str, list[float]] = {"on": [], "off": []}
        with running(bench.model) as on, running(bench.model, "--no-batching") as off:
            requests = requests_of(on, signature, 32)
            for round_ in range(6):
                for name, server in (("on", on), ("off", off)):
                    with clients(server.port, requests, 16, 6 * bench.scale) as end:
                        load = end()
                    if round_:
                        rates[name].append(load.a_second)
        on_, off_ = (statistics.median(rates[name]) for name in ("on", "off"))
        print(f"      {signature}: {on_:,.0f} requests a second, without batching {off_:,.0f}")
        bench.least(f"{signature}, 16 clients, batching on against off", on_ / off_, 1.4, "times")


def soak(bench: Bench) -> None:
    """Half an hour at half of the peak."""
    with running(bench.model) as server:
        requests = requests_of(server, "recommend", 32)
        with clients(server.port, requests, 16, 10 * bench.scale) as end:
            peak = end().a_second
        seconds = 1800 * bench.scale
        before = 0.0
        with clients(server.port, requests, 16, seconds, peak / 2) as end:
            time.sleep(seconds / 4)  # until the allocators have what they need
            before = server.rss_mib()
            load = end()
        after = server.rss_mib()
    bench.most(f"soak of {seconds / 60:.0f} minutes: failed of {len(load.begins):,}",
               load.failed, 0, "requests")
    bench.most("soak: growth of memory", (after / before - 1) * 100, 1, "%")


STEPS: dict[str, Callable[[Bench], None]] = {
    "first-request": first_request, "lone-client": lone_client, "batching": batching,
    "swaps": serving_swaps.swaps, "corrupt": serving_swaps.corrupt,
    "rollback": serving_swaps.rollback, "malformed": serving_hostile.malformed_requests,
    "hostile": serving_hostile.hostile_load, "responses": serving_hostile.responses,
    "soak": soak,
}


def main() -> None:
    """Measures and writes `benchmarks/serving.json`; steps that are not run stay in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a folder of versions; else the demo's")
    parser.add_argument("--scale", type=float, default=1.0, help="of all times and counts")
    parser.add_argument("--only", choices=STEPS, nargs="*", help="these steps")
    parser.add_argument("--root", type=Path, default=Path(".cache/bench-serving"),
                        help="of the run that pushed the model; the demo's is made there")
    given = parser.parse_args()
    if given.model is None:
        if not (given.root / "serving").is_dir():
            subprocess.run([Path(sys.executable).with_name("tessera"), "run", "--dataset", "demo",
                            "--root", str(given.root)], check=True)
        given.model = serving_folder(given.root)
    folders = versions(given.model)
    seen = json.loads(_OUTPUT.read_text()) if _OUTPUT.exists() else {}
    figures: list[dict[str, Any]] = []
    for name in given.only or STEPS:
        bench = Bench(folders[max(folders)], given.root, given.scale)
        STEPS[name](bench)
        seen[name] = {"scale": given.scale, "figures": bench.figures}
        _OUTPUT.write_text(json.dumps(seen, indent=2) + "\n")
        figures += bench.figures.values()
    sys.exit(any(one["verdict"] == "FAIL" for one in figures))


if __name__ == "__main__":
    main()
