"""A small server that answers as Kubeflow Pipelines' API server does, or as what is before one."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Raw:
    """An answer that no API server gives: a proxy's, a login's, or none.

    Attributes:
      status: Its status; `None` hangs up instead.
      body: Its body.
      kind: Its content type.
      location: Where it sends the client on to.
      late: Whether it comes only when the test is over.
    """

    status: int | None = 200
    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    location: str | None = None
    late: bool = False


@dataclass
class FakeKubeflow:
    """What the server is to answer, and what it was asked.

    Fields, pages, errors and status codes are those of Kubeflow's API server 2.15: names with
    underscores (but `recurringRuns`), no empty field, 20 objects on a page and 200 at most, an
    error's reason in `message`.

    Attributes:
      url: Its address.
      runs: Answers to `GET run`, one after the other; the last one stays.
      refuse: Status and message with which new runs are refused.
      status: Status of the health check.
      several: Whether it has several users.
      odd: Answers in place of its own, by the method and the path they are for.
    """

    url: str = ""
    runs: list[dict] = field(default_factory=list)
    refuse: tuple[int, str] | None = None
    status: int = 200
    several: bool = False
    odd: dict[str, list[Raw]] = field(default_factory=dict)
    experiments: list[dict] = field(default_factory=list)
    jobs: list[dict] = field(default_factory=list)
    started: list[dict] = field(default_factory=list)
    versions: dict[str, dict] = field(default_factory=dict)
    asked: list[tuple[str, str, dict]] = field(default_factory=list)
    queries: list[dict] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    cookies: set[str | None] = field(default_factory=set)

    def posted(self, end: str) -> list[dict]:
        """Returns the bodies posted to a path."""
        return [body for method, path, body in self.asked
                if method == "POST" and path.endswith(end)]

    def respond(self, method: str, path: str, query: dict, body: dict) -> tuple[int, dict]:
        kind = path.removeprefix("/apis/v2beta1/")
        if kind == "healthz":
            return self.status, {"commit_sha": "c0ffee", "tag_name": "2.15.0",
                                 "multi_user": self.several, "pipeline_store": "database"}
        lists = {"experiments": ("experiments", "experiment_id", self.experiments),
                 "runs": ("runs", "run_id", self.started),
                 "recurringruns": ("recurringRuns", "recurring_run_id", self.jobs)}
        if kind in lists and method == "POST":
            return self._make(*lists[kind][1:], kind, body)
        if kind in lists:
            return 200, self._page(*lists[kind][::2], query)
        if kind.startswith("runs/") and self.runs:
            return 200, self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]
        if kind in self.versions:
            return 200, self.versions[kind]
        return self._error(404, 5, f"Failed to get {kind}: ResourceNotFoundError: not found")

    def _make(self, key: str, known: list[dict], kind: str, body: dict) -> tuple[int, dict]:
        if self.refuse and kind != "experiments":
            return self._error(self.refuse[0], 3, self.refuse[1])
        if kind == "experiments" and any(
                e["display_name"] == body["display_name"] for e in known):
            return self._error(409, 6, "Failed to create a new experiment: Already exist error")
        known.append({**body, key: f"{kind}-{len(known) + 1}", "storage_state": "AVAILABLE"})
        return 200, known[-1]

    @staticmethod
    def _page(key: str, known: list[dict], query: dict) -> dict:
        size = min(int(query.get("page_size", 20)), 200)
        start = int(query.get("page_token", "page-0").removeprefix("page-"))
        result = {key: known[start:start + size], "total_size": len(known)}
        if start + size < len(known):
            result["next_page_token"] = f"page-{start + size}"
        return {name: value for name, value in result.items() if value}

    @staticmethod
    def _error(status: int, code: int, message: str) -> tuple[int, dict]:
        return status, {"code": code, "message": message, "details": [
            {"@type": "type.googleapis.com/google.rpc.Status", "code": code, "message": message}]}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeKubeflow
    over: threading.Event

    def _serve(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        fake = self.fake
        fake.tokens.append(self.headers.get("authorization"))
        fake.cookies.add(self.headers.get("cookie"))
        fake.asked.append((self.command, path, body))
        fake.queries.append(query)
        odd = fake.odd.get(f"{self.command} {path.removeprefix('/apis/v2beta1/')}")
        if odd:
            self._odd(odd.pop(0), path, query, body)
            return
        status, response = fake.respond(self.command, path, query, body)
        self._send(status, json.dumps(response).encode(), "application/json")

    def _odd(self, raw: Raw, path: str, query: dict, body: dict) -> None:
        if raw.status in (None, 504):  # a gateway loses the answer, not the request
            self.fake.respond(self.command, path, query, body)
        if raw.late:
            self.over.wait(60)
        if raw.status is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._send(raw.status, raw.body, raw.kind, raw.location)

    def _send(self, status: int, text: bytes, kind: str, location: str | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _serve  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Is silent: a client that does not wait is no fault of the server."""


@contextmanager
def serve(fake: FakeKubeflow, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """Serves a fake on a free port, or on the one that it had; its `url` is set."""
    over = threading.Event()
    handler = type("Handler", (_Handler,), {"fake": fake, "over": over})
    server = _Server(("127.0.0.1", port), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    fake.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def task(name: str, state: str, number: int, error: str | None = None) -> dict:
    """Returns what the server tells of one of a run's tasks, which began as the number says."""
    result = {"run_id": "runs-1", "task_id": f"t-{name}-{number}", "display_name": name,
              "state": state, "create_time": f"2026-01-01T00:00:0{number}Z",
              "start_time": f"2026-01-01T00:00:0{number}Z"}
    return result | ({"error": {"code": 2, "message": error}} if error else {})


def seen(state: str, *tasks: dict, error: str | None = None, **more: object) -> dict:
    """Returns what the server tells of a run."""
    result = {"run_id": "runs-1", "state": state, "run_details": {"task_details": list(tasks)}}
    return result | ({"error": {"code": 2, "message": error}} if error else {}) | more
