"""Calls of every method that bring no message, or bytes that are none."""

import threading

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving import wire

REFLECTION = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
METHODS = [*(f"tensorflow.serving.{service}/{method}"
             for service, methods in wire.SERVICES.items() for method in methods),
           "grpc.health.v1.Health/Check", REFLECTION]


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x01\xff"])
@pytest.mark.parametrize("method", METHODS)
def test_what_is_no_message_is_an_invalid_argument(channel, method, data):
    with pytest.raises(grpc.RpcError) as caught:
        list(channel.stream_stream(f"/{method}")(iter([data]), timeout=10))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith("This is no ")


@pytest.mark.parametrize("method", METHODS[:-1])
def test_a_call_without_a_message_is_an_invalid_argument(channel, method):
    with pytest.raises(grpc.RpcError) as caught:
        channel.stream_unary(f"/{method}")(iter([]), timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("method", [METHODS[0], "grpc.health.v1.Health/Check", REFLECTION])
def test_calls_whose_message_never_comes_keep_no_other_out(channel, method):
    end = threading.Event()
    calls = [channel.stream_stream(f"/{method}")(iter(end.wait, True)) for _ in range(150)]
    try:
        # Each holds a thread; the oldest give way.
        assert calls[0].exception(timeout=10).code() == grpc.StatusCode.CANCELLED
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert calls[-1].is_active()
    finally:
        end.set()
        for call in calls:
            call.cancel()
