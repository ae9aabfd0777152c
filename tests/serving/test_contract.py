"""What any server of TensorFlow Serving's interface does with the tiny model.

The embedded server by default; `TESSERA_ADDRESS=HOST:PORT` names another one, which must serve
version 3 of `tiny_model.save_tiny_model` as `tessera`: `make verify-tfserving`.
"""

import os

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.client import Client
from serving.connection import RequestError

USER = {
    "user_id": ["ann", "maria"], "timestamp": [-1, -1], "history_item_id": [["i1"], [""]],
    "history_timestamp": [[5], [-1]], "history_rating": [[4.0], [-1.0]]}
DTYPES = {"timestamp": np.int64, "history_timestamp": np.int64, "history_rating": np.float32,
          "k": np.int32}


@pytest.fixture(scope="module")
def address(request):
    given = os.environ.get("TESSERA_ADDRESS")
    return given or f"127.0.0.1:{request.getfixturevalue('server').port}"


@pytest.fixture(scope="module")
def channel(address):
    with grpc.insecure_channel(address) as open_channel:
        yield open_channel


@pytest.fixture(scope="module")
def predict(channel):
    """Asks with TensorFlow Serving's own messages."""
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def predict(inputs, signature="recommend", outputs=(), **spec):
        request = predict_pb2.PredictRequest(output_filter=outputs)
        request.model_spec.name = spec.pop("name", "tessera")
        request.model_spec.signature_name = signature
        if "version" in spec:
            request.model_spec.version.value = spec["version"]
        for name, values in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(
                np.array(values, DTYPES.get(name, object))))
        response = stub.Predict(request, timeout=30)
        return response.model_spec, {
            name: tf.make_ndarray(value) for name, value in response.outputs.items()}

    return predict


def refused(call, *args, codes, **given):
    with pytest.raises(grpc.RpcError) as caught:
        call(*args, **given)
    assert caught.value.code() in codes, caught.value.details()


def test_a_response_has_the_outputs_says_who_made_them_and_the_client_gets_the_same(
        predict, address):
    spec, result = predict({**USER, "k": [2, 1]})
    assert (spec.name, spec.version.value, spec.signature_name) == ("tessera", 3, "recommend")
    assert result["item_ids"].tolist() == [[b"i0", b"i1"], [b"i0", b""]]
    assert result["scores"].tolist() == [[7.0, 6.0], [5.0, 0.0]]
    assert result["item_modality_weights"].shape == (2, 2, 1)
    host, _, port = address.rpartition(":")
    with Client(host, int(port)) as client:
        ours = client.predict("recommend", {**USER, "k": [2, 1]})
        with pytest.raises(RequestError):
            client.predict("recommend", {"k": [1], "mood": ["glad"]})
    assert {n: v.tolist() for n, v in ours.items()} == {n: v.tolist() for n, v in result.items()}


def test_a_version_and_outputs_may_be_chosen(predict):
    _, result = predict({**USER, "k": [1, 1]}, outputs=["scores"], version=3)
    assert list(result) == ["scores"]


def test_the_signature_by_default_scores_candidates(predict):
    spec, result = predict({**USER, "candidates": [["i4"], ["i0"]]}, signature="")
    assert result["retrieval"].tolist() == [[3.0], [5.0]]
    assert spec.signature_name == "serving_default"


@pytest.mark.parametrize(("inputs", "spec", "codes"), [
    ({"k": [1, 1]}, {}, {grpc.StatusCode.INVALID_ARGUMENT}),
    ({**USER, "k": [1, 1], "mood": ["glad", ""]}, {}, {grpc.StatusCode.INVALID_ARGUMENT}),
    # Of an input that the graph reads: a server may leave the shape of another one unchecked.
    ({**USER, "k": [1, 1], "history_rating": [4.0, -1.0]}, {}, {grpc.StatusCode.INVALID_ARGUMENT}),
    ({**USER, "k": [1, 1]}, {"outputs": ["mood"]}, {grpc.StatusCode.INVALID_ARGUMENT}),
    ({**USER, "k": [1, 1]}, {"name": "other"}, {grpc.StatusCode.NOT_FOUND}),
    ({**USER, "k": [1, 1]}, {"version": 99}, {grpc.StatusCode.NOT_FOUND}),
    ({**USER, "k": [1, 1]}, {"signature": "other"},
     {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION,
      grpc.StatusCode.NOT_FOUND}),
], ids=["missing", "unexpected", "shape", "output", "model", "version", "signature"])
def test_what_does_not_fit_is_refused(predict, inputs, spec, codes):
    refused(predict, inputs, codes=codes, **spec)


def test_the_metadata_have_the_signatures(channel):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "tessera"
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    result = get_model_metadata_pb2.SignatureDefMap()
    stub.GetModelMetadata(request, timeout=30).metadata["signature_def"].Unpack(result)
    assert {"recommend", "serving_default"} <= set(result.signature_def)
    assert result.signature_def["recommend"].inputs["k"].dtype == tf.int32.as_datatype_enum


def test_the_status_says_that_the_version_is_available(channel):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "tessera"
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    (status,) = stub.GetModelStatus(request, timeout=30).model_version_status
    state = get_model_status_pb2.ModelVersionStatus.State
    assert (status.version, status.state) == (3, state.AVAILABLE)
