"""No request that is built wrong, or whose bytes are changed, harms the server."""

import grpc
import pytest

from benchmarks.malformed_requests import good_requests, malformed, mutated
from serving.client import Client
from serving.wire import MESSAGE_LIMITS

ALLOWED = {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}


@pytest.fixture
def ask(server):
    """Sends bytes as a request and returns the status code and its sentence."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}", options=MESSAGE_LIMITS) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")

        def ask(data):
            try:
                call(data, timeout=30)
            except grpc.RpcError as error:
                return error.code(), error.details()
            return grpc.StatusCode.OK, ""

        yield ask


@pytest.fixture
def signatures(server):
    with Client("127.0.0.1", server.port) as client:
        return client.signatures


def test_every_fault_of_every_input_is_refused_with_a_sentence(
        ask, server, signatures, monkeypatch):
    monkeypatch.setattr("benchmarks.malformed_requests._FLOOD", 1 << 20)
    served = server.current
    goods = good_requests(signatures, {})
    bad = {}
    for fault, data in malformed(goods, signatures):
        code, details = ask(data)
        if code not in ALLOWED or (code != grpc.StatusCode.OK and not details.strip()):
            bad[fault] = code, details
    assert not bad
    assert server.current is served and served.alive
    assert ask(goods["recommend"].SerializeToString())[0] == grpc.StatusCode.OK


def test_changed_bytes_are_refused_or_served(ask, server, signatures):
    served = server.current
    goods = good_requests(signatures, {})
    codes = {ask(data)[0] for _, data in mutated(goods, 300, seed=7)}
    assert codes <= ALLOWED and len(codes) > 1
    assert server.current is served and served.alive


@pytest.mark.parametrize("data", [b"\xff", b"\x0a", b"\x0a\x03\x0a\x01\xff"])
def test_what_is_no_request_is_an_invalid_argument(ask, data):
    code, details = ask(data)
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "no PredictRequest" in details
