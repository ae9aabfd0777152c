"""gRPC's reflection: clients such as grpcurl ask the server for its own messages and methods."""

from typing import Any

import grpc
from google.protobuf.descriptor import FileDescriptor
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from serving import wire
from serving.handlers import OpenCalls, streaming_handler


class _Symbols:
    """All that the server has, by name; protobuf's own pool finds no method by its name."""

    def __init__(self) -> None:
        for file in (health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR):
            wire.POOL.AddSerializedFile(file.serialized_pb)

    def __getattr__(self, name: str) -> Any:
        return getattr(wire.POOL, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802
        """Returns the file of a message, a field, an enum, a service or a method."""
        try:
            return wire.POOL.FindFileContainingSymbol(symbol)
        except KeyError:
            return wire.POOL.FindMethodByName(symbol).containing_service.file


def add_reflection(server: grpc.Server, services: list[str], calls: OpenCalls) -> None:
    """Adds reflection to a server.

    Args:
      server: The server.
      services: The full names of its other services.
      calls: What limits the calls that wait for a message.
    """
    servicer = reflection.ReflectionServicer([*services, reflection.SERVICE_NAME], pool=_Symbols())
    handlers = {"ServerReflectionInfo": streaming_handler(
        servicer.ServerReflectionInfo, reflection_pb2.ServerReflectionRequest, calls)}
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(reflection.SERVICE_NAME, handlers)])
