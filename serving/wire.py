"""TensorFlow Serving's messages without TensorFlow, which takes seconds to import.

The part of its API that Tessera speaks, by the field numbers of the `.proto` files. The messages
have a pool of their own, so that a process may import TensorFlow's as well.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

_DATA_TYPE = ("DT_INVALID 0, DT_FLOAT 1, DT_DOUBLE 2, DT_INT32 3, DT_UINT8 4, DT_INT16 5, "
              "DT_INT8 6, DT_STRING 7, DT_COMPLEX64 8, DT_INT64 9, DT_BOOL 10, DT_BFLOAT16 14, "
              "DT_UINT16 17, DT_HALF 19, DT_UINT32 22, DT_UINT64 23")
_STATE = "UNKNOWN 0, START 10, LOADING 20, AVAILABLE 30, UNLOADING 40, END 50"

# By package the messages with their fields, as a `.proto` has them; `name/` is a field's oneof,
# whose fields follow one another: Go's protobuf, and so grpcurl, takes no others.
# The error code of a status is an enum there; on the wire that is a number as well.
_MESSAGES = {
    "tensorflow": {
        "TensorShapeProto.Dim": "int64 size = 1; string name = 2",
        "TensorShapeProto": "repeated TensorShapeProto.Dim dim = 2; bool unknown_rank = 3",
        "TensorProto":
            "enum:DataType dtype = 1; TensorShapeProto tensor_shape = 2; int32 version_number = 3; "
            "bytes tensor_content = 4; repeated float float_val = 5; repeated double double_val = "
            "6; repeated int32 int_val = 7; repeated bytes string_val = 8; repeated int64 "
            "int64_val = 10; repeated bool bool_val = 11; repeated int32 half_val = 13; "
            "repeated uint32 uint32_val = 16; repeated uint64 uint64_val = 17",
        "TensorInfo": "string encoding/name = 1; enum:DataType dtype = 2; "
                      "TensorShapeProto tensor_shape = 3",
        "SignatureDef": "map TensorInfo inputs = 1; map TensorInfo outputs = 2; "
                        "string method_name = 3",
    },
    "tensorflow.serving": {
        "ModelSpec": "string name = 1; google.protobuf.Int64Value version_choice/version = 2; "
                     "string version_choice/version_label = 4; string signature_name = 3",
        "PredictRequest": "ModelSpec model_spec = 1; map tensorflow.TensorProto inputs = 2; "
                          "repeated string output_filter = 3",
        "PredictResponse": "map tensorflow.TensorProto outputs = 1; ModelSpec model_spec = 2",
        "ClassificationRequest": "ModelSpec model_spec = 1",
        "ClassificationResponse": "ModelSpec model_spec = 2",
        "RegressionRequest": "ModelSpec model_spec = 1",
        "RegressionResponse": "ModelSpec model_spec = 2",
        "InferenceTask": "ModelSpec model_spec = 1; string method_name = 2",
        "MultiInferenceRequest": "repeated InferenceTask tasks = 1",
        "MultiInferenceResponse": "",
        "LogMetadata": "ModelSpec model_spec = 1; int64 timestamp_secs = 4",
        "PredictLog": "PredictRequest request = 1; PredictResponse response = 2",
        "PredictionLog": "LogMetadata log_metadata = 1; PredictLog log_type/predict_log = 6",
        "SignatureDefMap": "map tensorflow.SignatureDef signature_def = 1",
        "GetModelMetadataRequest": "ModelSpec model_spec = 1; repeated string metadata_field = 2",
        "GetModelMetadataResponse":
            "ModelSpec model_spec = 1; map google.protobuf.Any metadata = 2",
        "StatusProto": "int32 error_code = 1; string error_message = 2",
        "GetModelStatusRequest": "ModelSpec model_spec = 1",
        "ModelVersionStatus": "int64 version = 1; enum:State state = 2; StatusProto status = 3",
        "GetModelStatusResponse": "repeated ModelVersionStatus model_version_status = 1",
        "LatestVersions": "uint32 num_versions = 1",
        "AllVersions": "",
        "SpecificVersions": "repeated int64 versions = 1",
        "ServableVersionPolicy":
            "LatestVersions policy_choice/latest = 100; AllVersions policy_choice/all = 101; "
            "SpecificVersions policy_choice/specific = 102",
        "ModelConfig":
            "string name = 1; string base_path = 2; string model_platform = 4; "
            "ServableVersionPolicy model_version_policy = 7; map int64 version_labels = 8",
        "ModelConfigList": "repeated ModelConfig config = 1",
        "ModelServerConfig": "ModelConfigList model_config_list = 1",
        "ReloadConfigRequest": "ModelServerConfig config = 1; repeated string metric_names = 2",
        "ReloadConfigResponse": "StatusProto status = 1",
        "SSLConfig": "string server_key = 1; string server_cert = 2; string custom_ca = 3; "
                     "bool client_verify = 4",
    },
}
_ENUMS = {"tensorflow": {"DataType": _DATA_TYPE}, "tensorflow.serving": {"State": _STATE}}
# Method by service, with the messages' common name.
SERVICES = {
    "PredictionService": {"Classify": "Classification", "Regress": "Regression",
                          "Predict": "Predict", "MultiInference": "MultiInference",
                          "GetModelMetadata": "GetModelMetadata"},
    "ModelService": {"GetModelStatus": "GetModelStatus",
                     "HandleReloadConfigRequest": "ReloadConfig"},
}
_KNOWN = (any_pb2.DESCRIPTOR, wrappers_pb2.DESCRIPTOR)
_FIELD = re.compile(r"(?:(repeated|map) )?(\S+) (?:(\w+)/)?(\w+) = (\d+)")
_Field = descriptor_pb2.FieldDescriptorProto
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

MESSAGE_LIMITS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]


def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in _KNOWN:
        pool.AddSerializedFile(file.serialized_pb)
    files = [file.name for file in _KNOWN]
    for package, messages in _MESSAGES.items():
        described = descriptor_pb2.FileDescriptorProto(
            name=_file_of(package), package=package, syntax="proto3", dependency=files)
        for name, values in _ENUMS[package].items():
            enum = described.enum_type.add(name=name)
            for value in values.split(", "):
                label, number = value.split()
                enum.value.add(name=label, number=int(number))
        for name, fields in messages.items():
            _add_message(described, package, name, fields)
        if package == "tensorflow.serving":
            _add_services(described)
        pool.Add(described)
        files.append(described.name)
    return pool


def _file_of(package: str) -> str:
    return f"{package.replace('.', '/')}.proto"


def _add_message(file, package: str, name: str, fields: str) -> None:
    outer, _, inner = name.partition(".")
    if inner:  # its outer message follows
        message = file.message_type.add(name=outer).nested_type.add(name=inner)
    else:
        existing = [one for one in file.message_type if one.name == name]
        message = existing[0] if existing else file.message_type.add(name=name)
    oneofs: list[str] = []
    for times, kind, oneof, field_name, number in _FIELD.findall(fields):
        field = message.field.add(name=field_name, number=int(number))
        field.label = _Field.LABEL_REPEATED if times else _Field.LABEL_OPTIONAL
        if oneof:
            if oneof not in oneofs:
                oneofs.append(oneof)
                message.oneof_decl.add(name=oneof)
            field.oneof_index = oneofs.index(oneof)
        if times == "map":
            entry_name = field_name.title().replace("_", "") + "Entry"
            entry = message.nested_type.add(name=entry_name)
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=_Field.LABEL_OPTIONAL,
                            type=_Field.TYPE_STRING)
            _set_type(entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL),
                      package, kind)
            kind = f"{name}.{entry_name}"
        _set_type(field, package, kind)


def _set_type(field, package: str, kind: str) -> None:
    enum = kind.startswith("enum:")
    kind = kind.removeprefix("enum:")
    if number := dict(_Field.Type.items()).get(f"TYPE_{kind.upper()}"):
        field.type = number
        return
    field.type = _Field.TYPE_ENUM if enum else _Field.TYPE_MESSAGE
    full = kind.startswith(("google.", "tensorflow."))
    field.type_name = f".{kind}" if full else f".{package}.{kind}"


def _add_services(file) -> None:
    for name, methods in SERVICES.items():
        service = file.service.add(name=name)
        for method, messages in methods.items():
            service.method.add(
                name=method, input_type=f".{file.package}.{messages}Request",
                output_type=f".{file.package}.{messages}Response")


def _classes(descriptors: Iterable[Any]) -> Iterator[Any]:
    for one in descriptors:
        yield message_factory.GetMessageClass(one)
        yield from _classes(one.nested_types)


POOL = _pool()
# Of messages within messages nobody else holds the classes. Without a message they are garbage,
# and a thread that parses one while they are collected gets a class without methods.
_CLASSES = {one.DESCRIPTOR.full_name: one for file in (
    *(one.name for one in _KNOWN), *(_file_of(package) for package in _MESSAGES))
    for one in _classes(POOL.FindFileByName(file).message_types_by_name.values())}


def message(name: str):
    """Returns the class of a message by its name, such as `PredictRequest`."""
    package = next(package for package, names in _MESSAGES.items() if name in names)
    return _CLASSES[f"{package}.{name}"]
