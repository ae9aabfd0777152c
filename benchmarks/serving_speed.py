"""How long a request takes, alone and among others."""

import statistics
import time

import grpc
import numpy as np

from benchmarks.load import PREDICT, served
from benchmarks.serving_bench import CLIENTS, Bench, running
from benchmarks.serving_requests import load_requests

_STARTS, _ROUNDS = 3, 5
_SIGNATURES = ("recommend", "predict_examples")


def first_request(bench: Bench) -> None:
    """The first request after each of some starts against the steady 99th percentile."""
    (request,) = load_requests(bench.root, bench.model, "recommend", 1)
    firsts, steady = [], []
    for _ in range(_STARTS):
        with running(bench.model) as server:
            with server.channel() as channel:
                call = channel.unary_unary(PREDICT)
                grpc.channel_ready_future(channel).result(10)
                begin = time.perf_counter()
                call(request, timeout=10)
                firsts.append((time.perf_counter() - begin) * 1000)
            load = served(server.port, [request], 1, 10 * bench.scale)
            steady.append(load.percentile(99))
    bench.most(f"first request, the slowest after {_STARTS} starts", np.max(firsts),
               2 * statistics.median(steady), "ms")


def lone_client(bench: Bench) -> None:
    """Processor time of a request, and what batching costs a lone client."""
    (request,) = load_requests(bench.root, bench.model, "recommend", 1)
    latency: dict[str, list[float]] = {"on": [], "off": []}
    cpu: dict[str, list[float]] = {"on": [], "off": []}
    with running(bench.model) as on, running(bench.model, "--no-batching") as off:
        for round_ in range(_ROUNDS + 1):
            for name, server in (("on", on), ("off", off)):
                before = server.cpu_s()
                load = served(server.port, [request], 1, 6 * bench.scale)
                used = (server.cpu_s() - before) * 1000 / len(load.codes)
                if round_:  # the first warms up
                    latency[name].append(load.percentile(50))
                    cpu[name].append(used)
    bench.most(f"processor time of a recommend request, k = 10, median of {_ROUNDS}",
               statistics.median(cpu["off"]), 4, "ms")
    ratio = statistics.median(latency["on"]) / statistics.median(latency["off"])
    bench.most("latency of a lone client, batching on against off", ratio, 1.1, "times")


def batching(bench: Bench) -> None:
    """Requests a second of 16 clients, batching on against off."""
    for signature in _SIGNATURES:
        requests = load_requests(bench.root, bench.model, signature, 32)
        rates: dict[str, list[float]] = {"on": [], "off": []}
        with running(bench.model) as on, running(bench.model, "--no-batching") as off:
            for round_ in range(_ROUNDS + 1):
                for name, server in (("on", on), ("off", off)):
                    load = served(server.port, requests, CLIENTS, 6 * bench.scale)
                    if round_:  # the first warms up
                        rates[name].append(load.a_second)
        on_, off_ = (statistics.median(rates[name]) for name in ("on", "off"))
        print(f"      {signature}: {on_:,.0f} requests a second, without batching {off_:,.0f}")
        bench.least(f"{signature}, {CLIENTS} clients, batching on against off, median of {_ROUNDS}",
                    on_ / off_, 1.4, "times")
