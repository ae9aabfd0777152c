import shutil
import time

import grpc
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from refusals import refuses
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)
from tiny_model import save_tiny_model

from serving import server as server_module
from serving import wire
from serving.client import Client
from serving.servable import Servable
from serving.server import EmbeddedServer

_WAIT_SECONDS = 30.0
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


@pytest.fixture
def stub(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def _request():
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "tessera"
    for name, value, dtype in (
            ("user_id", ["ann"], None), ("timestamp", [-1], tf.int64),
            ("history_item_id", [[""]], None), ("history_timestamp", [[-1]], tf.int64),
            ("history_rating", [[-1.0]], None), ("candidates", [["i0", "i2"]], None)):
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value, dtype))
    return request


def _classify(stub, spec):
    stub.Classify(classification_pb2.ClassificationRequest(model_spec=spec), timeout=10)


def _regress(stub, spec):
    stub.Regress(regression_pb2.RegressionRequest(model_spec=spec), timeout=10)


def _infer(stub, spec):
    stub.MultiInference(inference_pb2.MultiInferenceRequest(
        tasks=[inference_pb2.InferenceTask(model_spec=spec)]), timeout=10)


def _infer_nothing(stub, spec):
    stub.MultiInference(inference_pb2.MultiInferenceRequest(), timeout=10)


@pytest.mark.parametrize(("call", "name", "code"), [
    (_classify, "tessera", INVALID), (_infer, "tessera", INVALID),
    (_infer_nothing, "tessera", INVALID), (_classify, "mosaic", NOT_FOUND),
    (_regress, "", NOT_FOUND), 
])
def test_methods_of_another_kind_than_all_signatures_are_refused(stub, call, name, code):
    with pytest.raises(grpc.RpcError) as caught:
        call(stub, model_pb2.ModelSpec(name=name))
    assert caught.value.code() == code and caught.value.details()


def test_other_metadata_and_versions_are_refused(stub, channel):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["weights"])
    request.model_spec.name = "tessera"
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetModelMetadata(request, timeout=10)
    assert caught.value.code() == INVALID and "given: weights." in caught.value.details()
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name, request.model_spec.version.value = "tessera", 8
    with pytest.raises(grpc.RpcError) as caught:
        model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=10)
    assert caught.value.code() == NOT_FOUND


def test_warm_up_calls_every_signature_with_possible_values(model_base_path, monkeypatch):
    servable = Servable(model_base_path / "3")
    called = {}
    monkeypatch.setattr(servable, "run", lambda name, arrays, _: called.update({name: arrays}))
    servable.warm_up()
    assert set(called) == {"recommend", "serving_default"}
    assert called["recommend"]["k"].tolist() == [1]
    assert called["recommend"]["user_id"].tolist() == [b""]
    assert called["serving_default"]["candidates"].shape == (1, 1)


def test_a_newer_version_replaces_the_served_one_without_a_gap(model_base_path, tmp_path):
    base_path = tmp_path / "models"
    shutil.copytree(model_base_path / "3", base_path / "3")
    with EmbeddedServer(base_path, poll_seconds=0.02) as server:
        with Client("127.0.0.1", server.port) as client:
            scores = [_score(client)]
            save_tiny_model(tmp_path / "next", offset=100.0)
            (tmp_path / "next").rename(base_path / "4")
            deadline = time.monotonic() + _WAIT_SECONDS
            while scores[-1] == 3.0 and time.monotonic() < deadline:
                scores.append(_score(client))
            assert set(scores) == {3.0, 103.0}
            assert server.version == 4
            assert [(one.version, one.state) for one in client.status()] == [
                (4, "AVAILABLE"), (3, "AVAILABLE")]


def _score(client):
    outputs = client.predict("serving_default", {"user_id": ["ann"], "candidates": [["i0"]]})
    return float(outputs["retrieval"][0, 0])


def test_a_folder_without_a_version_that_works_is_refused(tmp_path):
    with refuses("no-model-folder", "absent"):
        EmbeddedServer(tmp_path / "absent")
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "saved_model.pb").touch()
    with refuses("no-model-version"):
        EmbeddedServer(tmp_path)
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"no model")
    with refuses("model-not-loadable", "version 1: "):
        EmbeddedServer(tmp_path)


def test_a_port_taken_while_the_model_is_loaded_is_refused(server, model_base_path, monkeypatch):
    monkeypatch.setattr(server_module, "require_free", lambda host, port: None)
    with refuses("port-in-use", server.port):
        EmbeddedServer(model_base_path, port=server.port)


@pytest.mark.parametrize(("address", "code", "message"), [
    ({"host": "192.0.2.1", "port": 8500}, "cannot-listen", "192.0.2.1:8500"),
    ({"host": "\u00e4" * 70}, "cannot-listen", "\u00e4:0: encoding of hostname failed"),
    ({"port": 70000}, "bad-port", "--port must be 0 to 65535"),
    ({"metrics_port": 70000}, "bad-port", "--metrics-port must be 0 to 65535"),
    ({"rest_port": -1}, "bad-port", "--rest-port must be 0 to 65535"),
])
def test_an_address_that_is_none_of_this_machine_is_refused(
        model_base_path, address, code, message):
    with refuses(code, message):
        EmbeddedServer(model_base_path, **address)


def test_hundreds_of_requests_one_after_the_other_on_one_connection_are_all_served(stub):
    request = _request()  # no stub of gRPC's own asks again
    assert len({len(stub.Predict(request, timeout=10).outputs) for _ in range(600)}) == 1


def test_health_is_that_of_a_stock_server(channel):
    health = health_pb2_grpc.HealthStub(channel)
    check = health_pb2.HealthCheckRequest
    assert health.Check(check()).status == health_pb2.HealthCheckResponse.SERVING
    assert health.Check(check(service="tensorflow.serving.PredictionService")).status == 1
    watch = health.Watch(check(), timeout=10)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(check(service="mosaic"))
    assert caught.value.code() == NOT_FOUND


def _reload(channel, **model):
    request = wire.message("ReloadConfigRequest")()
    labels = model.pop("labels", {})
    if model:
        request.config.model_config_list.config.add(**model).version_labels.update(labels)
    call = channel.unary_unary(
        "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
        request_serializer=lambda request: request.SerializeToString())
    try:
        call(request, timeout=20)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_labels_are_set_by_a_reload_and_asked_for(channel, server, model_base_path, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    own = {"name": "tessera", "base_path": str(model_base_path)}
    assert _reload(channel, **own, labels={"stable": 3}) == grpc.StatusCode.OK
    with Client("127.0.0.1", server.port, version="stable") as client:
        assert client.recommend(["ann"], k=1)[0][0].item_id == "i0"
        assert client.served_version == 3
    assert _reload(channel, **own, labels={"stable": 9}) == NOT_FOUND
    assert _reload(channel) == INVALID
    for path in ("/etc", "nul\0", "x" * 5000, f"{model_base_path}/../elsewhere", str(loop)):
        assert _reload(channel, name="tessera", base_path=path) == INVALID
    served = server.current
    other_spelling = f"{model_base_path}/../{model_base_path.name}/"
    assert _reload(channel, name="tessera", base_path=other_spelling) == grpc.StatusCode.OK
    assert server.current is served and served.alive


def test_a_port_in_use_ends_the_command_with_the_way_out(server, model_base_path, capsys):
    code = server_module.main(
        ["--model-base-path", str(model_base_path), "--port", str(server.port)])
    assert code == 2
    message = capsys.readouterr().err
    assert message.startswith("error[port-in-use]: ") and str(server.port) in message
