"""What clients see of versions that come, or are taken back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from benchmarks.load import PREDICT, Load, NotMeasuredError, clients
from benchmarks.serving_bench import CLIENTS, Bench, Server, running
from benchmarks.serving_requests import load_requests
from serving import wire
from serving.model_files import write_manifest

_WAIT_S, _AT_MOST_S = 900.0, 3600.0
# A version is AVAILABLE a little before its process serves, and what it replaces ends after that.
SETTLE_S = 5.0
_WARM_S = 2.0  # of connections
Change = tuple[float, float]


def swaps(bench: Bench) -> None:
    """Three versions that replace each other at half of the peak."""
    requests = load_requests(bench.root, bench.model, "recommend", 32)
    least = 20_000 * bench.scale
    with running(bench.model) as server:
        rate = server.half_of_peak(requests, 10 * bench.scale + 2)
        with clients(server.port, requests, CLIENTS, _AT_MOST_S, rate) as end:
            begin = time.monotonic()
            time.sleep(_WARM_S + max(30 * bench.scale, 5))
            changes = [_changed(bench, server, version) for version in (2, 3, 4)]
            time.sleep(max(1.0, begin + _WARM_S + least / rate - time.monotonic()))
            load = end(now=True)
        with server.client() as client:
            newest = client.served_version
    bench.least("three swaps: requests", len(load.codes), least, "requests")
    bench.most(f"three swaps: failed of {len(load.codes):,}", load.failed, 0, "requests")
    bench.least("three swaps: the version that serves at the end", newest, 4, "version")
    record_changes(bench, "three swaps", load, changes)


def _changed(bench: Bench, server: Server, version: int) -> Change:
    """Pushes a version and waits until it serves; returns when that was."""
    begin = time.monotonic()
    put(bench.model, server.base / str(version))
    wait_for(server, version, "AVAILABLE")
    time.sleep(SETTLE_S)
    finish = time.monotonic()
    time.sleep(10 * bench.scale)
    return begin, finish


def record_changes(bench: Bench, what: str, load: Load, changes: list[Change]) -> None:
    """Records how requests that were due during some changes did, against those before.

    Args:
      bench: Where the figures go.
      what: What has changed.
      load: All requests.
      changes: When each change began and ended.
    """
    warm = load.begins.min() + _WARM_S
    steady = load.percentile(99, warm, changes[0][0])
    # NumPy's maximum of NaN is NaN: a change in which nothing was asked does not pass.
    during = np.max([load.percentile(99, *change) for change in changes])
    bench.least(f"{what}: the load goes on after the last", load.begins.max() - changes[-1][1], 0,
                "s")
    bench.most(f"{what}: 99th percentile during the worst", during, 2 * steady, "ms")
    bench.most(f"{what}: longest stall", load.percentile(100, warm), 500, "ms")


def rollback(bench: Bench) -> None:
    """The label `stable` set back to the version before, and again while a third one loads."""
    requests = load_requests(bench.root, bench.model, "recommend", 32)
    with running(bench.model) as server, server.channel() as channel:
        put(bench.model, server.base / "2")
        wait_for(server, 2, "AVAILABLE")
        _label(channel, server, 2)
        labelled = [_labelled(data) for data in requests]
        rate = server.half_of_peak(labelled, 10 * bench.scale + 2)
        with clients(server.port, labelled, CLIENTS, _AT_MOST_S, rate) as end:
            time.sleep(5 * bench.scale + _WARM_S)
            alone = _rolled_back(channel, server, labelled[0])
            _label(channel, server, 2)
            put(bench.model, server.base / "3")
            wait_for(server, 3, "LOADING")
            beside = _rolled_back(channel, server, labelled[0])
            if "LOADING" not in states(server, 3):
                raise NotMeasuredError("load-was-over", "Version 3 was loaded before the rollback.")
            wait_for(server, 3, "AVAILABLE")
            time.sleep(SETTLE_S)
            load = end(now=True)
        stable = _served_by(channel, labelled[0])
    bench.most("rollback by label", alone, 1, "s")
    bench.most("rollback by label while a version loads", beside, 1, "s")
    bench.most("rollback: versions between the label's and the one that serves at the end",
               abs(stable - 1), 0, "versions")
    bench.most(f"rollback: failed of {len(load.codes):,}", load.failed, 0, "requests")


def _rolled_back(channel: grpc.Channel, server: Server, request: bytes) -> float:
    """Sets the label back; returns the seconds until a request of it is served by version 1."""
    begin = time.monotonic()
    _label(channel, server, 1)
    by = _served_by(channel, request)
    return time.monotonic() - begin if by == 1 else float("inf")


def _served_by(channel: grpc.Channel, request: bytes) -> int:
    response = wire.message("PredictResponse").FromString(
        channel.unary_unary(PREDICT)(request, timeout=60))
    return response.model_spec.version.value


def _labelled(data: bytes) -> bytes:
    request = wire.message("PredictRequest").FromString(data)
    request.model_spec.version_label = "stable"
    return request.SerializeToString()


def _label(channel: grpc.Channel, server: Server, stable: int) -> None:
    request: Any = wire.message("ReloadConfigRequest")()
    model = request.config.model_config_list.config.add(
        name="tessera", base_path=str(server.base), model_platform="tensorflow")
    model.model_version_policy.latest.num_versions = 2
    model.version_labels["stable"] = stable
    channel.unary_unary("/tensorflow.serving.ModelService/HandleReloadConfigRequest")(
        request.SerializeToString(), timeout=60)


def put(model: Path, folder: Path, spoil: Callable[[Path], None] = lambda folder: None,
        manifest: bool = True) -> None:
    """Copies a version as a push does: whole, or not at all.

    Args:
      model: The version.
      folder: Where the copy goes.
      spoil: What is done to it before.
      manifest: Whether a manifest is written of what that leaves, so that it is no reason.
    """
    fresh = folder.with_name(f".{folder.name}")
    shutil.copytree(model, fresh)
    spoil(fresh)
    if manifest:
        write_manifest(fresh)
    fresh.rename(folder)


def states(server: Server, version: int) -> dict[str, str]:
    """Returns the state of a version and why it is not served, or nothing of an unknown one."""
    with server.client() as client:
        return {one.state: one.error for one in client.status() if one.version == version}


def wait_for(server: Server, version: int, *wanted: str) -> str:
    """Returns what the status says of a version as soon as it is in one of some states.

    Raises:
      NotMeasuredError: It is not, for long.
    """
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        for state, error in states(server, version).items():
            if state in wanted:
                return error
        time.sleep(0.05)
    raise NotMeasuredError("version-in-no-such-state",
                           f"Version {version} is not {' or '.join(wanted)} after {_WAIT_S:g} s.")
