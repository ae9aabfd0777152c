"""The stand-in for backslashes; a PostgreSQL server reads it in test_metadata_servers.py."""

from google.protobuf import struct_pb2
from ml_metadata.proto import metadata_store_pb2, metadata_store_service_pb2

from pipeline.kubeflow.backslashes import replace


def test_every_string_of_a_message_is_met_and_nothing_else():
    text = 'a "quoted\\nline"'
    request = metadata_store_service_pb2.PutExecutionRequest()
    execution = request.execution
    execution.name, execution.type_id = text, 7
    execution.properties["spec"].string_value = text
    execution.properties["count"].int_value = 3
    execution.custom_properties["tree"].struct_value.CopyFrom(
        struct_pb2.Struct(fields={"key": struct_pb2.Value(string_value=text)}))
    pair = request.artifact_event_pairs.add()
    pair.artifact.uri = text
    pair.event.type = metadata_store_pb2.Event.OUTPUT
    pair.event.path.steps.add().key = text
    before = metadata_store_service_pb2.PutExecutionRequest()
    before.CopyFrom(request)

    replace(request, "\\", "|")
    changed = str(request)
    assert changed.count("|") == 5 and "\\\\" not in changed
    assert execution.properties["count"].int_value == 3 and execution.type_id == 7
    replace(request, "|", "\\")
    assert request == before
