"""A server of files on 127.0.0.1 that behaves as told, one way a request, then well."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeArchives:
    """What it serves, how, and what it was asked.

    Attributes:
      url: Its address.
      files: Content by path.
      ways: How to answer the next requests: `"well"`, `"cut"` in half, `"whole"` whatever range is
        asked for, `"unsized"` without a length, `"hang up"` without an answer, or an HTTP code.
      asked: The path and the range of each request.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes] = {}
        self.ways: list[str | int] = []
        self.asked: list[tuple[str, str | None]] = []


class _Handler(BaseHTTPRequestHandler):
    archives: FakeArchives

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        archives, asked = self.archives, self.headers.get("Range")
        archives.asked.append((self.path, asked))
        way = archives.ways.pop(0) if archives.ways else "well"
        content = archives.files.get(self.path)
        if way == "hang up":
            return
        if isinstance(way, int) or content is None:
            self.send_error(way if isinstance(way, int) else 404)
            return
        start = 0
        if asked and way != "whole":
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if start >= len(content):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if way != "unsized":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = (start + len(content)) // 2 if way == "cut" else len(content)
        self.wfile.write(content[start:end])


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
