"""No request that is built wrong, or whose bytes are changed, harms the server."""

import grpc
import pytest

from benchmarks.malformed_requests import good_requests, malformed, mutated
from benchmarks.served_faults import may_be_served, well_formed
from serving.client import Client
from serving.wire import MESSAGE_LIMITS

REFUSED = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
OK = grpc.StatusCode.OK


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
            return OK, ""

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
    bad, defaults = {}, 0
    for fault, data in malformed(goods, signatures):
        code, details = ask(data)
        defaults += code == OK
        if not may_be_served(fault) if code == OK else code not in REFUSED or not details.strip():
            bad[fault] = code, details
    assert not bad and defaults
    assert server.current is served and served.alive
    assert ask(goods["recommend"].SerializeToString())[0] == OK


def test_changed_bytes_are_refused_or_still_a_request(ask, server, signatures):
    served = server.current
    goods = good_requests(signatures, {})
    bad, codes = {}, set()
    for fault, data in mutated(goods, 300, seed=7):
        code, _ = ask(data)
        codes.add(code)
        if not well_formed(data, signatures) if code == OK else code not in REFUSED:
            bad[fault] = code, data
    assert not bad and OK in codes and codes & REFUSED
    assert server.current is served and served.alive


@pytest.mark.parametrize("data", [b"\xff", b"\x0a", b"\x0a\x03\x0a\x01\xff"])
def test_what_is_no_request_is_an_invalid_argument(ask, data):
    code, details = ask(data)
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "no PredictRequest" in details
