"""A server of gRPC with one method, which answers as a test says."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc


@contextmanager
def one_method(path: str, method: grpc.RpcMethodHandler, threads: int = 1
               ) -> Iterator[tuple[grpc.Server, int]]:
    """Yields a server with a method, such as `/service/method`, and its port."""
    server = grpc.server(ThreadPoolExecutor(threads), options=[("grpc.so_reuseport", 0)])
    _, service, name = path.split("/")
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {name: method})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield server, port
    finally:
        server.stop(0)
