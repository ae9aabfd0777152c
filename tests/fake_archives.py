"""A server of files on 127.0.0.1 that behaves as told, one way a request, then well."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeArchives:
    """What it serves, how, and what it was asked.

    Attributes:
      url: Its address.
      files: Content by path.
      ways: How to answer the next requests: `"well"`, `"cut"` in half, `"unsized"`
        without a length, `"hang up"` without an answer, or an HTTP code.
      asked: The path of each request.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes] = {}
        self.ways: list[str | int] = []
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    archives: FakeArchives

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        archives = self.archives
        archives.asked.append(self.path)
        way = archives.ways.pop(0) if archives.ways else "well"
        content = archives.files.get(self.path)
        if way == "hang up":
            return
        if isinstance(way, int) or content is None:
            self.send_error(way if isinstance(way, int) else 404)
            return
        self.send_response(200)
        if way != "unsized":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:len(content) // 2] if way == "cut" else content)


@contextmanager
def fake_archives() -> Iterator[FakeArchives]:
    """Runs the server on a free port."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.archives = FakeArchives(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield handler.archives
        finally:
            server.shutdown()
            thread.join()
