"""What a client of gRPC's reflection finds, such as grpcurl."""

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SERVICES = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection",
            "tensorflow.serving.ModelService", "tensorflow.serving.PredictionService"}


@pytest.fixture
def database(server):
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield ProtoReflectionDescriptorDatabase(channel)


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
