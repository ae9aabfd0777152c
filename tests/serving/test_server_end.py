import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving import wire
from serving.client import Client
from serving.server import EmbeddedServer

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STOPPED = """import sys, time
from serving.client import Client
client = Client("127.0.0.1", int(sys.argv[1]))
client.status()
print(flush=True)
time.sleep(60)"""


@pytest.fixture
def running(model_base_path):
    with ExitStack() as stack:
        yield stack.enter_context(EmbeddedServer(model_base_path)), stack.close


def test_connections_on_which_nothing_runs_keep_no_server_up(running):
    server, end = running
    with ExitStack() as stack:
        for start in (b"", PREFACE[:9], PREFACE, PREFACE + b"\0\0"):
            connection = socket.create_connection(("127.0.0.1", server.port))
            stack.enter_context(connection).sendall(start)
        stack.enter_context(Client("127.0.0.1", server.port)).status()
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        stopped = stack.enter_context(subprocess.Popen(
            [sys.executable, "-c", STOPPED, str(server.port)], stdout=subprocess.PIPE,
            env=environment))
        stack.callback(stopped.kill)
        stopped.stdout.readline()
        stopped.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        end()
        assert time.monotonic() - begin < 3


def test_requests_under_way_have_their_responses_and_who_watches_hears_of_the_end(running):
    server, end = running
    runs, go_on = threading.Semaphore(0), threading.Event()
    response = wire.message("PredictResponse")()
    response.outputs["picture"].string_val.append(b"x" * (8 << 20))

    def respond(*_):
        runs.release()
        assert go_on.wait(20)
        return response

    server._predictions.respond = respond
    with grpc.insecure_channel(
            f"127.0.0.1:{server.port}", [("grpc.max_receive_message_length", -1)]) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        calls = [predict.future(b"", timeout=30) for _ in range(3)]
        assert all(runs.acquire(timeout=20) for _ in calls)
        ending = threading.Thread(target=end)
        ending.start()
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        ending.join(1.5)
        assert ending.is_alive()
        go_on.set()
        assert {len(call.result()) > 8 << 20 for call in calls} == {True}
        ending.join(10)
        assert not ending.is_alive()
