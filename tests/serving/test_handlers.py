import threading
import time
from types import SimpleNamespace
from unittest.mock import Mock

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_stubs import one_method
from refusals import refuses

from schemas.errors import InputError
from serving import wire
from serving.handlers import OpenCalls, handler
from serving.services import Health, ModelService

WATCH = "grpc.health.v1.Health/Watch"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
METHODS = [*(f"tensorflow.serving.{service}/{method}"
             for service, methods in wire.SERVICES.items() for method in methods),
           "grpc.health.v1.Health/Check", WATCH, REFLECTION]


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x01\xff"])
@pytest.mark.parametrize("method", METHODS)
def test_what_is_no_message_is_an_invalid_argument(channel, method, data):
    with pytest.raises(grpc.RpcError) as caught:
        list(channel.stream_stream(f"/{method}")(iter([data]), timeout=10))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith("This is no ")


@pytest.mark.parametrize("method", METHODS[:-2])
def test_a_call_without_a_message_is_an_invalid_argument(channel, method):
    with pytest.raises(grpc.RpcError) as caught:
        channel.stream_unary(f"/{method}")(iter([]), timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("method", [METHODS[0], WATCH, REFLECTION])
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


def test_reloads_that_wait_keep_no_other_out():
    started, end = threading.Semaphore(0), threading.Event()

    def reload(configs):
        started.release()
        end.wait()

    service = ModelService(SimpleNamespace(reload=reload))
    request = wire.message("ReloadConfigRequest")()
    request.config.model_config_list.config.add(name="tessera", base_path="/models")
    threads = [threading.Thread(target=service.HandleReloadConfigRequest, args=(request, None))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert all(started.acquire(timeout=10) for _ in threads)
        with refuses("reloads-busy"):
            service.HandleReloadConfigRequest(request, None)
    finally:
        end.set()
        for thread in threads:
            thread.join()


def test_who_watches_health_sees_it_change():
    models, states = SimpleNamespace(ready=True), health_pb2.HealthCheckResponse
    health, context = Health(models), SimpleNamespace(is_active=lambda: True)
    watch = health.Watch(iter([health_pb2.HealthCheckRequest()]), context)
    assert next(watch).status == states.SERVING
    models.ready = False
    assert next(watch).status == states.NOT_SERVING
    models.ready = True
    assert next(watch).status == states.SERVING
    health.stop()
    assert [response.status for response in watch] == [states.NOT_SERVING]
    unknown = health.Watch(iter([health_pb2.HealthCheckRequest(service="mosaic")]), context)
    assert next(unknown).status == states.SERVICE_UNKNOWN


@pytest.mark.parametrize("letter", ["x", "\u00e4", "\u20ac", "\U0001f600", "\ud800"])
def test_a_long_sentence_in_any_script_reaches_the_client(letter):
    def refuse(request, context):
        raise InputError("no", letter * 5000)

    method = handler(refuse, health_pb2.HealthCheckRequest, OpenCalls(4))
    with one_method("/a/b", method) as (_, port):
        with (grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
              pytest.raises(grpc.RpcError) as caught):
            channel.unary_unary("/a/b")(b"", timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert len(caught.value.details()) > 400


def test_a_server_that_ends_waits_for_no_message():
    calls, reached = OpenCalls(4), threading.Event()
    method = handler(lambda request, context: request, health_pb2.HealthCheckRequest, calls)
    with (one_method("/a/b", method) as (server, port),
          grpc.insecure_channel(f"127.0.0.1:{port}") as channel):
        call = channel.stream_unary("/a/b").future(iter(reached.wait, True))
        while not calls._waiting:
            time.sleep(0.01)
        stopped = server.stop(30)
        calls.close(seconds=0)
        assert stopped.wait(10)
        # The connection may end before the word that the call does.
        assert call.code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
        reached.set()
    late = Mock()
    with calls.open(late):
        late.cancel.assert_called_once_with()
