"""Versions that must not be served: what is wrong with each, and what clients see of it."""

from __future__ import annotations

import shutil
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.load import clients
from benchmarks.serving_bench import CLIENTS, Bench, Server, running
from benchmarks.serving_requests import load_requests
from benchmarks.serving_swaps import SETTLE_S, put, record_changes, wait_for

_STEADY_S, _AT_MOST_S = 20.0, 3600.0


def corrupt(bench: Bench) -> None:
    """Versions that must not be served, at half of the peak."""
    requests = load_requests(bench.root, bench.model, "recommend", 32)
    with running(bench.model) as server:
        rate = server.half_of_peak(requests, 10 * bench.scale + 2)
        with clients(server.port, requests, CLIENTS, _AT_MOST_S, rate) as end:
            time.sleep(7 + _STEADY_S * bench.scale)
            changes, counted = [], 0
            for version, name in enumerate(SPOILT, start=2):
                before, begin = _failed_loads(server), time.monotonic()
                told = refused(bench.model, server, version, name)
                time.sleep(SETTLE_S)
                counted += _failed_loads(server) > before
                changes.append((begin, time.monotonic()))
                bench.least(f"{name}: the status says why", told, 1, "reason")
            time.sleep(1)
            load = end(now=True)
        with server.client() as client:
            bench.most("corrupt versions: the version that serves at the end",
                       client.served_version, 1, "version")
    bench.most(f"corrupt versions: failed of {len(load.codes):,}", load.failed, 0, "requests")
    record_changes(bench, "corrupt versions", load, changes)
    bench.least("versions that failed, by the metric", counted, len(SPOILT), "versions")


def refused(model: Path, server: Server, version: int, name: str) -> int:
    """Pushes a spoilt version until it is refused or served; returns 1 if the status says why."""
    spoil, reason = SPOILT[name]
    # A manifest of what is there: else each would be refused by it, whatever is wrong.
    put(model, server.base / str(version), spoil, manifest=spoil is not _swapped_bytes)
    message = wait_for(server, version, "END", "AVAILABLE")
    if reason not in message:
        print(f"      {name}: {message[:200]}")
    return int(reason in message)


def _failed_loads(server: Server) -> float:
    page = urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics").read()
    return sum(float(one.split()[-1]) for one in page.decode().splitlines()
               if one.startswith('tessera_loads_total{model="tessera",outcome="failed"}'))


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
SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "half a graph": (_cut("saved_model.pb"), "is no SavedModel"),
    "half of the variables": (_cut("variables/variables.data-*"), "Read less bytes than requested"),
    "other variables than the manifest's": (_swapped_bytes, "differ from manifest"),
    "no assets": (_without_assets, "No such file"),
    "no recommend": (_graph(lambda meta: meta.signature_def.pop("recommend")),
                     "lacks signatures of version 1: recommend"),
    "a forbidden operation": (_graph(_writing), "WriteFile"),
}
