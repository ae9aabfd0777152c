"""What a server makes of clients that mean no good, and whether what it says is right."""

from __future__ import annotations

import concurrent.futures
import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc

from benchmarks.load import PREDICT
from benchmarks.malformed_requests import good_requests, malformed, mutated, own_examples
from components.server_validator.comparison import compare
from components.server_validator.validation import Prediction, load_predictions
from pipeline.lineage import Provenance
from schemas.errors import InputError
from serving import wire
from serving.signature import histories
from serving.tensors import ndarray, tensor_proto

if TYPE_CHECKING:
    from benchmarks.serving import Bench, Server

_SERVED = {"OK", "INVALID_ARGUMENT", "NOT_FOUND"}
_ASKED = {"candidates", "examples", "index", "item_id", "k", "task", "timestamp", "user_id"}
_BUILT, _MUTATED, _USERS, _SUBSETS = 1_500, 4_000, 1_000, 128


def malformed_requests(bench: Bench) -> None:
    """Requests that are built wrong, and good ones with other bytes."""
    from benchmarks.serving import running

    with running(bench.model) as server, server.channel() as channel:
        with server.client() as client:
            signatures = client.signatures
        goods = good_requests(signatures, own_examples(bench.model))
        call = channel.unary_unary(PREDICT)
        for good in goods.values():  # whose first run takes what its signature needs for ever
            call(good.SerializeToString(), timeout=60)
        processes = {one.pid for one in server.process.children(recursive=True)}
        for kind, requests, least in (
            ("built", malformed(goods, signatures), _BUILT),
            ("byte-mutated", mutated(goods, int(_MUTATED * bench.scale), seed=7), _MUTATED),
        ):
            codes: Counter[str] = Counter()
            growth, worst = 0.0, ""
            for fault, data in requests:
                server.forget_peak()
                memory = server.rss_mib()
                try:
                    call(data, timeout=60)
                    code = "OK"
                except grpc.RpcError as error:
                    code = error.code().name
                codes[code] += 1
                if code not in _SERVED:
                    print(f"      {code}: {fault}")
                # The peak: what is taken and given back ends a server as well.
                if (taken := server.peak_mib() - memory) > growth:
                    growth, worst = taken, fault
            bad = sum(count for code, count in codes.items() if code not in _SERVED)
            print(f"      most memory: {worst}")
            name = f"malformed requests, {kind}"
            bench.least(name, codes.total(), least * bench.scale, "requests")
            bench.most(f"{name}: neither refused nor served", bad, 0, "requests")
            bench.most(f"{name}: growth of memory by one", growth, 64, "MiB")
        ended = processes - {one.pid for one in server.process.children(recursive=True)}
        bench.most("malformed requests: processes that have ended", len(ended), 0, "processes")


def hostile_load(bench: Bench) -> None:
    """Idle and half-open connections and calls, and heavy requests that nobody waits for."""
    from benchmarks.serving import requests_of, running

    with running(bench.model) as server, server.channel() as channel:
        (good,) = requests_of(server, "recommend")
        call = channel.unary_unary(PREDICT)
        call(good, timeout=10)
        open_ = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(400)]
        end = threading.Event()
        silent = [channel.stream_stream(PREDICT)(iter(end.wait, True)) for _ in range(200)]
        try:
            for one in open_[200:]:
                one.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00")  # a frame's beginning
            heavy = _heavy(server)
            abandoned = [call.future(heavy, timeout=60) for _ in range(8)]
            time.sleep(0.5)
            for one in abandoned:
                one.cancel()
            begin = time.perf_counter()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                health = pool.submit(_health_seconds, server)
                call(good, timeout=30)
                took = time.perf_counter() - begin
                bench.most("hostile load: the next good request", took, 1, "s")
                bench.most("hostile load: health", health.result(), 0.2, "s")
        finally:
            end.set()
            for call_ in silent:
                call_.cancel()
            for one in open_:
                one.close()


def _heavy(server: Server) -> bytes:
    """Returns the request with most rows of what takes longest: gradients."""
    with server.client() as client:
        signatures = client.signatures
    name = "gradients" if "gradients" in signatures else "recommend"
    for rows in (1024, 512, 256, 128, 64):
        data = good_requests({name: signatures[name]}, {}, rows)[name]
        if data.ByteSize() < 2**20:
            return data.SerializeToString()
    raise SystemExit(f"No request of {name} is small enough.")


def _health_seconds(server: Server) -> float:
    begin = time.perf_counter()  # a probe makes a connection of its own
    with server.channel() as channel:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        return time.perf_counter() - begin


def responses(bench: Bench) -> None:
    """The server, the reloaded SavedModel, and what was recorded before the export."""
    import tensorflow as tf

    from benchmarks.serving import running

    loaded = tf.saved_model.load(str(bench.model))
    compared, worst, faults = 0, 0.0, 0
    with running(bench.model) as server, server.channel() as channel:
        with server.client() as client:
            signatures = client.signatures
            recorded = _recorded(bench)
            others = [one for one in recorded if compare(
                one.outputs, client.predict(one.signature, one.inputs)).faults]
        call = channel.unary_unary(PREDICT)
        users = [f"c{n:04}" for n in range(int(_USERS * bench.scale))]
        for name, arrays in questions(signatures, own_examples(bench.model), users, _SUBSETS):
            request = wire.message("PredictRequest")()
            request.model_spec.name, request.model_spec.signature_name = "tessera", name
            for key, array in arrays.items():
                request.inputs[key].CopyFrom(tensor_proto(array))
            expected = {key: value.numpy() for key, value in loaded.signatures[name](
                **{key: tf.constant(array) for key, array in arrays.items()}).items()}
            data = call(request.SerializeToString(), timeout=60)
            outputs = wire.message("PredictResponse").FromString(data).outputs
            compared += 1
            for key, value in expected.items():
                got = ndarray(outputs[key])
                if value.dtype == object:
                    faults += int((value != got).any())
                else:
                    scale = np.maximum(1.0, np.abs(value))
                    worst = max(worst, float((np.abs(value - got) / scale).max(initial=0)))
    bench.least("responses that were compared", compared, len(signatures), "responses")
    bench.most("responses: other strings than the reloaded model's", faults, 0, "responses")
    bench.most("responses: difference from the reloaded model", worst, 1e-5, "of max(1, value)")
    bench.least("responses recorded before the export", len({one.signature for one in recorded}),
                len(signatures), "signatures")
    bench.most("responses: other than recorded before the export", len(others), 0,
               f"of {len(recorded):,}")


def _recorded(bench: Bench) -> list[Prediction]:
    """Returns what the trained model responded, from the artifacts of its run."""
    try:
        made = Provenance(bench.root, bench.model)
        return load_predictions(str(made.folder(made.outputs(made.exporter)["predictions"])))
    except InputError as error:
        print(f"      no recorded responses, give the run's --root: {error}")
        return []


def questions(signatures: Mapping[str, Any], examples: Mapping[str, bytes], users: Sequence[str],
              subsets: int) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yields requests of each signature.

    Args:
      signatures: The model's `SignatureDef`s by name.
      examples: The Example of each signature that reads some.
      users: Who is asked for, each once, where a request has no content.
      subsets: How many subsets of the content are sent at most, where it has.

    Yields:
      The signature and its inputs, of one row.
    """
    goods = good_requests(signatures, examples, rows=1)
    for name, good in goods.items():
        arrays = {key: ndarray(tensor) for key, tensor in good.inputs.items()}
        content = [key for key in arrays if key not in _ASKED and not histories([key])]
        for subset in itertools.islice(
                itertools.product((False, True), repeat=len(content)), subsets):
            given = {key: _given(array) if key in content and subset[content.index(key)]
                     else array for key, array in arrays.items()}
            yield name, given
            if not content:
                break
        if "user_id" in arrays and not content:
            for user in users:
                yield name, {**arrays, "user_id": np.array([user.encode()], object)}


def _given(array: np.ndarray) -> np.ndarray:
    return np.full_like(array, b"a lamp" if array.dtype == object else 3)


