"""What clients see of versions that come, are broken, or are taken back."""

from __future__ import annotations

import shutil
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.load import Load, clients
from serving import wire
from serving.model_files import write_manifest

if TYPE_CHECKING:
    from benchmarks.serving import Bench, Server

_CLIENTS, _WAIT_S = 16, 300.0


def swaps(bench: Bench) -> None:
    """Three versions that replace each other at half of the peak."""
    from benchmarks.serving import requests_of, running

    with running(bench.model) as server:
        requests = requests_of(server, "recommend", 32)
        rate = _half_of_peak(bench, server, requests)
        seconds = max(20_000 * bench.scale / rate, 20)
        with clients(server.port, requests, _CLIENTS, 4 * seconds, rate) as end:
            time.sleep(seconds)
            changes = []
            for version in (2, 3, 4):
                begin = time.monotonic()
                _put(bench.model, server.base / str(version))
                _wait_for(server, version, "AVAILABLE")
                changes.append((begin, time.monotonic()))
                time.sleep(seconds / 6)
            load = end()
    steady = load.percentile(99, end=changes[0][0])
    during = max(load.percentile(99, *change) for change in changes)
    bench.least("three swaps: requests", len(load.begins), 20_000 * bench.scale, "requests")
    bench.most(f"three swaps: failed of {len(load.begins):,}", load.failed, 0, "requests")
    bench.most("three swaps: 99th percentile during the worst", during, 2 * steady, "ms")
    bench.most("three swaps: longest stall", load.milliseconds.max(), 500, "ms")


def corrupt(bench: Bench) -> None:
    """Versions that must not be served, at half of the peak."""
    from benchmarks.serving import requests_of, running

    with running(bench.model) as server:
        requests = requests_of(server, "recommend", 32)
        rate = _half_of_peak(bench, server, requests)
        steady = _loaded(server, requests, rate, 20 * bench.scale).percentile(99)
        for version, (name, (spoil, reason)) in enumerate(_SPOILT.items(), start=2):
            folder = server.base / str(version)
            with clients(server.port, requests, _CLIENTS, 30 * bench.scale + 5, rate) as end:
                _put(bench.model, folder, spoil)
                begin = time.monotonic()
                message = _wait_for(server, version, "END")
                finish = time.monotonic()
                load = end()
            bench.most(f"{name}: failed of {len(load.begins):,}", load.failed, 0, "requests")
            bench.least(f"{name}: the status says why", int(reason in message), 1, "reason")
            bench.most(f"{name}: 99th percentile while it is tried",
                       load.percentile(99, begin, finish), 2 * steady, "ms")
        page = urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics").read()
        failed = sum(float(one.split()[-1]) for one in page.decode().splitlines()
                     if one.startswith('tessera_loads_total{model="tessera",outcome="failed"}'))
        bench.least("versions that failed, by the metric", failed, len(_SPOILT), "versions")


def rollback(bench: Bench) -> None:
    """The label `stable` set back to the version before."""
    from benchmarks.serving import requests_of, running

    with running(bench.model) as server, server.channel() as channel:
        _put(bench.model, server.base / "2")
        _wait_for(server, 2, "AVAILABLE")
        reload = channel.unary_unary(
            "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
            request_serializer=lambda request: request.SerializeToString())
        reload(_labelled(server, 2), timeout=60)
        labelled = []
        for data in requests_of(server, "recommend", 32):
            request = wire.message("PredictRequest").FromString(data)
            request.model_spec.version_label = "stable"
            labelled.append(request.SerializeToString())
        with clients(server.port, labelled, _CLIENTS, 10 * bench.scale + 2) as end:
            time.sleep(5 * bench.scale + 1)
            begin = time.monotonic()
            reload(_labelled(server, 1), timeout=60)
            with server.client(version="stable") as client:
                served = client.served_version
            took = time.monotonic() - begin
            load = end()
    bench.most("rollback by label", took if served == 1 else float("inf"), 1, "s")
    bench.most(f"rollback: failed of {len(load.begins):,}", load.failed, 0, "requests")


def _labelled(server: Server, stable: int) -> Any:
    request = wire.message("ReloadConfigRequest")()
    model = request.config.model_config_list.config.add(
        name="tessera", base_path=str(server.base), model_platform="tensorflow")
    model.model_version_policy.latest.num_versions = 2
    model.version_labels["stable"] = stable
    return request


def _loaded(server: Server, requests: list[bytes], rate: float, seconds: float) -> Load:
    with clients(server.port, requests, _CLIENTS, seconds, rate) as end:
        return end()


def _half_of_peak(bench: Bench, server: Server, requests: list[bytes]) -> float:
    return _loaded(server, requests, 0.0, 10 * bench.scale + 2).a_second / 2


def _put(model: Path, folder: Path, spoil: Callable[[Path], None] = lambda folder: None) -> None:
    """Copies a version as a push does: whole, or not at all."""
    fresh = folder.with_name(f".{folder.name}")
    shutil.copytree(model, fresh)
    spoil(fresh)
    if spoil is not _swapped_bytes:  # else each would be refused by its manifest, whatever is wrong
        write_manifest(fresh)
    fresh.rename(folder)


def _wait_for(server: Server, version: int, state: str) -> str:
    """Returns what the status says of a version as soon as it is in a state."""
    deadline = time.monotonic() + _WAIT_S
    with server.client() as client:
        while time.monotonic() < deadline:
            for one in client.status():
                if (one.version, one.state) == (version, state):
                    return one.error
            time.sleep(0.1)
    raise SystemExit(f"Version {version} is not {state} after {_WAIT_S:g} s.")


def _cut(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = next(folder.glob(name))
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return spoil


def _swapped_bytes(folder: Path) -> None:
    file = next(folder.glob("variables/variables.data-*"))
    file.write_bytes(file.read_bytes()[::-1])


def _without_assets(folder: Path) -> None:
    shutil.rmtree(folder / "assets", ignore_errors=True)


def _graph(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        from tensorflow.core.protobuf import saved_model_pb2

        file = folder / "saved_model.pb"
        model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
        change(model.meta_graphs[0])
        file.write_bytes(model.SerializeToString())

    return spoil


def _writing(meta: Any) -> None:
    """Lets each signature write a file, as soon as one is asked."""
    node = meta.graph_def.node.add(name="tessera_writes", op="WriteFile")
    for one in meta.graph_def.node:
        if one.op == "StatefulPartitionedCall":
            one.input.append(f"^{node.name}")


# What is wrong, and what the status must say of it.
_SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "half a graph": (_cut("saved_model.pb"), "is no SavedModel"),
    "half of the variables": (_cut("variables/variables.data-*"), "Error"),
    "other variables than the manifest's": (_swapped_bytes, "differ from manifest"),
    "no assets": (_without_assets, "assets"),
    "no recommend": (_graph(lambda meta: meta.signature_def.pop("recommend")), "recommend"),
    "a forbidden operation": (_graph(_writing), "WriteFile"),
}
