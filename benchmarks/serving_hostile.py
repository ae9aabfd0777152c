"""What a server makes of clients that mean no good."""

from __future__ import annotations

import concurrent.futures
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc

from benchmarks.load import PREDICT, NotMeasuredError
from benchmarks.malformed_requests import good_requests, malformed, mutated, own_examples
from benchmarks.served_faults import may_be_served, well_formed
from benchmarks.serving_bench import Bench, Server, running
from benchmarks.serving_requests import load_requests

_REFUSED = {"INVALID_ARGUMENT", "NOT_FOUND"}
_BUILT, _MUTATED = 1_500, 4_000
_CONNECTIONS, _CALLS, _ABANDONED, _SAMPLES = 400, 200, 8, 5
Fault = tuple[str, bytes]


def malformed_requests(bench: Bench) -> None:
    """Requests that are built wrong, and good ones with other bytes."""
    with running(bench.model) as server, server.channel() as channel:
        with server.client() as client:
            signatures = client.signatures
        goods = good_requests(signatures, own_examples(bench.model))
        call = channel.unary_unary(PREDICT)
        for good in goods.values():  # whose first run takes what its signature needs for ever
            call(good.SerializeToString(), timeout=60)
        processes = {one.pid for one in server.processes()}
        built = list(malformed(goods, signatures))[::max(1, round(1 / bench.scale))]
        changed = mutated(goods, int(_MUTATED * bench.scale), seed=7)
        _ask(bench, server, "built", built, lambda fault, data: may_be_served(fault))
        _ask(bench, server, "byte-mutated", changed,
             lambda fault, data: well_formed(data, signatures))
        bench.least("malformed requests, built", len(built), _BUILT * bench.scale, "requests")
        ended = processes - {one.pid for one in server.processes()}
        bench.most("malformed requests: processes that have ended", len(ended), 0, "processes")


def _ask(bench: Bench, server: Server, kind: str, requests: Iterable[Fault],
         may_serve: Callable[[str, bytes], bool]) -> None:
    """Sends requests and records what became of them.

    Args:
      bench: Where the figures go.
      server: The server.
      kind: What they are called.
      requests: What is wrong with each, and its bytes.
      may_serve: Whether a response to one is right.
    """
    codes: Counter[str] = Counter()
    bad, growth, worst = 0, 0.0, ""
    with server.channel() as channel:
        call = channel.unary_unary(PREDICT)
        for fault, data in requests:
            server.forget_peak()
            memory = server.rss_mib()
            code = _code(call, data)
            codes[code] += 1
            if code not in _REFUSED and not (code == "OK" and may_serve(fault, data)):
                bad += 1
                print(f"      {code}: {fault}")
            # The peak: what is taken and given back ends a server as well.
            if (taken := server.peak_mib() - memory) > growth:
                growth, worst = taken, fault
    print(f"      {', '.join(f'{n:,} {code}' for code, n in codes.items())}; most memory: {worst}")
    name = f"malformed requests, {kind}, of {codes.total():,}"
    bench.most(f"{name}: neither refused nor a documented default", bad, 0, "requests")
    bench.most(f"{name}: growth of memory by one", growth if codes else float("nan"), 64, "MiB")


def _code(call: Any, data: bytes) -> str:
    try:
        call(data, timeout=60)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def hostile_load(bench: Bench) -> None:
    """Idle and half-open connections and calls, and heavy requests that nobody waits for."""
    (good,) = load_requests(bench.root, bench.model, "recommend", 1)
    with running(bench.model) as server, server.channel() as channel:
        call = channel.unary_unary(PREDICT)
        call(good, timeout=10)
        heavy = _heavy(server)
        with _silent(server, channel):
            seen = [_sample(server, call, good, heavy) for _ in range(_SAMPLES)]
    for name, limit in (("the next good request", 1), ("the same on a new connection", 1),
                        ("health", 0.2)):
        bench.most(f"hostile load: {name}, the slowest of {_SAMPLES}",
                   np.max([one[name] for one in seen]), limit, "s")
    bench.least("hostile load: heavy requests that ran when they were abandoned",
                min(one["abandoned"] for one in seen), _ABANDONED, "requests")


@contextmanager
def _silent(server: Server, channel: grpc.Channel) -> Iterator[None]:
    """Opens connections of which half send a part of a frame, and calls without a message."""
    connections, end = [], threading.Event()
    calls = [channel.stream_stream(PREDICT)(iter(end.wait, True)) for _ in range(_CALLS)]
    try:
        for place in range(_CONNECTIONS):
            connections.append(socket.create_connection(("127.0.0.1", server.port)))
            if place % 2:
                connections[-1].sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00")
        yield
    finally:
        end.set()
        for one in calls:
            one.cancel()
        for one in connections:
            one.close()


def _sample(server: Server, call: Any, good: bytes, heavy: bytes) -> Mapping[str, float]:
    """Abandons heavy requests; returns the seconds of what comes next."""
    abandoned = [call.future(heavy, timeout=60) for _ in range(_ABANDONED)]
    time.sleep(0.5)
    running_ = sum(not one.done() for one in abandoned)
    for one in abandoned:
        one.cancel()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        parts = {"the next good request": pool.submit(_seconds, lambda: call(good, timeout=30)),
                 "the same on a new connection": pool.submit(
                     _seconds, lambda: _asked_anew(server, good)),
                 "health": pool.submit(_seconds, lambda: _health(server))}
        return {"abandoned": running_, **{name: one.result() for name, one in parts.items()}}


def _seconds(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def _asked_anew(server: Server, good: bytes) -> None:
    with server.channel() as channel:
        channel.unary_unary(PREDICT)(good, timeout=30)


def _health(server: Server) -> None:
    with server.channel() as channel:  # a probe makes a connection of its own
        response = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=10)
    if response.status != health_pb2.HealthCheckResponse.SERVING:
        raise NotMeasuredError("server-not-healthy", "The server says that it does not serve.")


def _heavy(server: Server) -> bytes:
    """Returns the request with most rows of what takes longest: gradients."""
    with server.client() as client:
        signatures = client.signatures
    name = "gradients" if "gradients" in signatures else "recommend"
    for rows in (1024, 512, 256, 128, 64):
        data = good_requests({name: signatures[name]}, {}, rows)[name]
        if data.ByteSize() < 2**20:
            return data.SerializeToString()
    raise NotMeasuredError("no-heavy-request", f"No request of {name} is small enough.")
