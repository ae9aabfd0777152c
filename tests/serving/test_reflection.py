"""What a client of gRPC's reflection finds, such as grpcurl."""

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

SERVICES = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection",
            "tensorflow.serving.ModelService", "tensorflow.serving.PredictionService"}


@pytest.fixture
def database(channel):
    return ProtoReflectionDescriptorDatabase(channel)


def test_every_method_is_found_by_its_name_with_all_that_it_needs(database):
    pool = DescriptorPool(database)
    assert set(database.get_services()) == SERVICES
    for name in SERVICES:
        for method in pool.FindServiceByName(name).methods:
            assert database.FindFileContainingSymbol(method.full_name).package == \
                name.rpartition(".")[0]
            for message in (method.input_type, method.output_type):
                assert pool.FindMessageTypeByName(message.full_name).file == message.file


@pytest.mark.parametrize("symbol", [
    "tensorflow.serving.ModelSpec.version_choice", "tensorflow.TensorProto.string_val",
    "tensorflow.serving.State", "tensorflow.DT_FLOAT", "google.protobuf.Any"])
def test_a_part_of_a_message_is_found(database, symbol):
    assert database.FindFileContainingSymbol(symbol).name


@pytest.mark.parametrize("symbol", [
    "", ".", "tensorflow.serving.PredictionService.Guess", "tensorflow.serving.PredictionService.",
    "tensorflow.serving.ModelSpec.version.value", "x" * 10_000, "\0", "é.ö"])
def test_an_unknown_symbol_is_not_found(database, symbol):
    with pytest.raises(KeyError):
        database.FindFileContainingSymbol(symbol)


def test_a_request_of_reflected_messages_is_answered_as_one_of_the_stock_client(channel, database):
    pool = DescriptorPool(database)
    predict = pool.FindServiceByName("tensorflow.serving.PredictionService").methods_by_name[
        "Predict"]
    inputs = {
        "user_id": np.array(["ann"], object), "timestamp": np.array([-1]),
        "history_item_id": np.array([["i1"]], object), "history_timestamp": np.array([[5]]),
        "history_rating": np.array([[4.0]], np.float32), "k": np.array([2], np.int32),
    }
    stock = predict_pb2.PredictRequest(
        inputs={name: tf.make_tensor_proto(value) for name, value in inputs.items()})
    stock.model_spec.name, stock.model_spec.signature_name = "tessera", "recommend"
    # As grpcurl does: JSON into messages that the server itself describes.
    reflected = json_format.ParseDict(json_format.MessageToDict(stock),
                                      GetMessageClass(predict.input_type)())
    response = channel.unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=GetMessageClass(predict.output_type).FromString,
    )(reflected, timeout=30)
    expected = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(
        stock, timeout=30)
    assert response.DESCRIPTOR.file.pool is pool
    assert json_format.MessageToDict(response) == json_format.MessageToDict(expected)
    assert tf.make_ndarray(expected.outputs["item_ids"]).tolist() == [[b"i0", b"i1"]]
