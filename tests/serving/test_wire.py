"""Our messages against those of TensorFlow Serving's own package."""

import subprocess
import sys
from pathlib import Path

import pytest
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    predict_pb2,
    prediction_log_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

from serving import wire

THEIRS = {
    "TensorProto": tensor_pb2.TensorProto, "SignatureDef": meta_graph_pb2.SignatureDef,
    "TensorInfo": meta_graph_pb2.TensorInfo, "PredictRequest": predict_pb2.PredictRequest,
    "PredictResponse": predict_pb2.PredictResponse,
    "SignatureDefMap": get_model_metadata_pb2.SignatureDefMap,
    "GetModelMetadataRequest": get_model_metadata_pb2.GetModelMetadataRequest,
    "GetModelMetadataResponse": get_model_metadata_pb2.GetModelMetadataResponse,
    "GetModelStatusRequest": get_model_status_pb2.GetModelStatusRequest,
    "GetModelStatusResponse": get_model_status_pb2.GetModelStatusResponse,
    "ModelServerConfig": model_server_config_pb2.ModelServerConfig,
    "PredictionLog": prediction_log_pb2.PredictionLog,
    "ReloadConfigRequest": model_management_pb2.ReloadConfigRequest,
    "ReloadConfigResponse": model_management_pb2.ReloadConfigResponse,
}


def kind(field):
    """A field as the wire has it: enums are numbers."""
    known = {field.TYPE_ENUM: field.TYPE_INT32}.get(field.type, field.type)
    return field.number, known, field.label


def differences(ours, theirs, seen):
    if ours.name in seen or ours.full_name.startswith("google."):
        return
    seen.add(ours.name)
    by_name = theirs.fields_by_name
    for field in ours.fields:
        assert kind(field) == kind(by_name[field.name]), f"{ours.full_name}.{field.name}"
        if field.message_type:
            differences(field.message_type, by_name[field.name].message_type, seen)


@pytest.mark.parametrize("name", THEIRS)
def test_fields_are_those_of_tensorflow_serving(name):
    differences(wire.message(name).DESCRIPTOR, THEIRS[name].DESCRIPTOR, set())


def test_a_state_and_a_dtype_have_the_names_of_tensorflow_serving():
    states = get_model_status_pb2.ModelVersionStatus.State
    ours = wire.POOL.FindEnumTypeByName("tensorflow.serving.State")
    assert {value.name: value.number for value in ours.values} == dict(states.items())
    dtypes = wire.POOL.FindEnumTypeByName("tensorflow.DataType")
    theirs = dict(tensor_pb2.DESCRIPTOR.pool.FindEnumTypeByName("tensorflow.DataType")
                  .values_by_name)
    assert all(theirs[value.name].number == value.number for value in dtypes.values)


@pytest.mark.parametrize("package", ["tensorflow", "tensorflow/serving"])
def test_the_fields_of_a_oneof_follow_one_another(package):
    # Go's protobuf, and so grpcurl, refuses a file in which others come between.
    for message in wire.POOL.FindFileByName(f"{package}.proto").message_types_by_name.values():
        for oneof in message.oneofs:
            places = [field.index for field in oneof.fields]
            assert places == list(range(places[0], places[0] + len(places))), oneof.full_name


_CLASSES_AFTER_USE = """
import gc, weakref
from serving import wire
request = wire.message("PredictRequest")()
request.inputs["k"].tensor_shape.dim.add()
shape, version = request.inputs["k"].tensor_shape, request.model_spec.version
classes = [weakref.ref(type(one)) for one in (
    request.model_spec, version, request.inputs["k"], shape, shape.dim[0])]
del request, shape, version
gc.collect()
print(all(one() for one in classes))
"""


def test_no_class_of_a_message_in_another_is_garbage_while_nobody_has_one():
    # Parsed while it is collected, such a message had no methods: AttributeError, WhichOneof.
    # In a process of its own: here much is frozen, which the collector does not look at.
    done = subprocess.run([sys.executable, "-c", _CLASSES_AFTER_USE], capture_output=True,
                          text=True, check=True, cwd=Path(wire.__file__).parents[1])
    assert done.stdout.strip() == "True"
