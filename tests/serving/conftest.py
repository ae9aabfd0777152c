"""A tiny exported model, and a server on it."""


import grpc
import pytest
from tiny_model import save_tiny_model

from serving.client import Client
from serving.server import EmbeddedServer


@pytest.fixture(scope="session")
def model_base_path(tmp_path_factory):
    """A folder with version 3; not to be written to."""
    base_path = tmp_path_factory.mktemp("served")
    save_tiny_model(base_path / "3")
    return base_path


@pytest.fixture(scope="session")
def server(model_base_path):
    """A server on version 3."""
    with EmbeddedServer(model_base_path, rest_port=0) as running:
        yield running


@pytest.fixture
def client(server):
    """A client of that server."""
    with Client("127.0.0.1", server.port) as open_client:
        yield open_client


@pytest.fixture
def channel(server):
    """A connection of gRPC's own to that server."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield opened
