"""Workers of the project's own environment: a pool for EXTERNAL, and a program for PROCESS."""

import json
import socket
from concurrent import futures

import grpc
import pytest
from apache_beam.portability.api import (
    beam_fn_api_pb2,
    beam_fn_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    endpoints_pb2,
)
from apache_beam.runners.worker import sdk_worker
from google.protobuf import text_format
from refusals import refuses

from pipeline.beam.boot import environment, provision_info
from pipeline.beam.worker_pool import bound_server


@pytest.fixture
def pool():
    server, port = bound_server("127.0.0.1", 0)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(channel), port
    server.stop(None).wait()


def test_the_pool_listens_on_the_loopback_alone_and_not_twice(pool):
    _, port = pool
    with socket.create_server(("127.0.0.2", port)):
        pass  # free, as it would not be if the pool had all addresses
    with refuses("worker-port-taken", "--port"):
        bound_server("127.0.0.1", port)
    with refuses("worker-port-taken", "--host"):
        bound_server("192.0.2.1", 0)


def test_a_worker_that_cannot_start_is_an_answer_to_the_engine(pool, monkeypatch):
    def broken(*_, **__):
        raise OSError("no such control service")

    monkeypatch.setattr(sdk_worker, "SdkHarness", broken)
    response = pool[0].StartWorker(beam_fn_api_pb2.StartWorkerRequest(worker_id="1-1"))
    assert "no such control service" in response.error


def test_a_process_gets_what_beams_worker_reads():
    class Provision(beam_provision_api_pb2_grpc.ProvisionServiceServicer):
        def GetProvisionInfo(self, request, context):  # noqa: N802 (gRPC's name)
            asked.update(context.invocation_metadata())
            info = beam_provision_api_pb2.ProvisionInfo(runner_capabilities=["one", "two"])
            info.pipeline_options.update({"beam:option:job_name:v1": "ingest"})
            info.control_endpoint.url = "127.0.0.1:2"
            info.logging_endpoint.url = "127.0.0.1:3"
            return beam_provision_api_pb2.GetProvisionInfoResponse(info=info)

    asked: dict = {}
    server = grpc.server(futures.ThreadPoolExecutor(1))
    beam_provision_api_pb2_grpc.add_ProvisionServiceServicer_to_server(Provision(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    variables = environment("7-1", provision_info("7-1", f"127.0.0.1:{port}"))
    server.stop(None).wait()
    assert asked["worker_id"] == variables["WORKER_ID"] == "7-1"
    assert json.loads(variables["PIPELINE_OPTIONS"]) == {"beam:option:job_name:v1": "ingest"}
    assert variables["RUNNER_CAPABILITIES"].split() == ["one", "two"]
    for name, url in (("CONTROL", "127.0.0.1:2"), ("LOGGING", "127.0.0.1:3")):
        text = variables[f"{name}_API_SERVICE_DESCRIPTOR"]
        assert text_format.Parse(text, endpoints_pb2.ApiServiceDescriptor()).url == url
