"""REST beside gRPC, as TensorFlow Serving has it: `POST /v1/models/NAME:predict`.

Off by default: JSON takes more time and space than gRPC, and this server has no TLS of its own.
"""

import io
import json
import logging
import re
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc

from schemas.errors import InputError
from serving import wire
from serving.handlers import details_of, status_of
from serving.models import Models
from serving.services import PredictionService
from serving.signature import DEFAULT_SIGNATURE, converted
from serving.tensors import ndarray, plain_values, tensor_proto, with_bytes

_log = logging.getLogger(__name__)
_PATH = re.compile(r"/v1/models/([^/:]+)(?:/(versions|labels)/([^/:]+))?:predict")
_SECONDS = 30.0  # in which a request has to come, and to be responded to
# What JSON takes in memory: a text as four bytes a character, `{}` and a number as tens of bytes.
_MOST_BYTES, _MOST_VALUES, _MOST_RESPONSE_BYTES = 4 << 20, 1 << 18, 2 << 20
_MOST_CONNECTIONS = 64  # each has a thread
_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
}


class RestService:
    """Translates between JSON and the messages of gRPC.

    Args:
      models: What is asked.
      predictions: What responds.
    """

    def __init__(self, models: Models, predictions: PredictionService) -> None:
        self._models, self._predictions = models, predictions

    def predict(self, path: str, body: bytes,
                alive: Callable[[], bool] = lambda: True) -> dict[str, Any]:
        """Runs a signature.

        Args:
          path: The request's path.
          body: The request's JSON, with `instances`, a list of rows, or `inputs`, all rows by
            input; bytes that are no text are `{"b64": ...}`.
          alive: Whether somebody still waits for the response.

        Returns:
          `predictions`, a list of rows, or `outputs`, all rows by output.

        Raises:
          InputError: The request is not of this form, or the signature refuses it.
          ExpiredError: Nobody waits for it any more.
        """
        match = _PATH.fullmatch(path)
        if match is None:
            raise InputError("bad-rest-path", "Expected /v1/models/NAME:predict, "
                             f"/versions/NUMBER or /labels/LABEL before the colon; given: "
                             f"{path[:100]!r}.")
        given = _read(body)
        request = wire.message("PredictRequest")()
        _specify(request.model_spec, *match.groups())
        request.model_spec.signature_name = name = (
            given.get("signature_name") or DEFAULT_SIGNATURE)
        with self._models.versions(match[1]).borrowed(request.model_spec) as version:
            expected = version.signatures[name].inputs if name in version.signatures else {}
        inputs = _columns(given["instances"]) if "instances" in given else given["inputs"]
        given_inputs = _by_name(inputs, expected)
        if unknown := sorted(set(given_inputs) - set(expected)):
            raise InputError("unknown-rest-input",
                             f"Signature {name[:100]!r} has no input {unknown[0][:50]!r}. It has: "
                             f"{', '.join(sorted(expected)) or 'none, for it is unknown'}.")
        for key, value in given_inputs.items():
            request.inputs[key].CopyFrom(tensor_proto(converted(key, value, expected[key])))
        response = self._predictions.respond(request, _SECONDS, alive)
        if response.ByteSize() > _MOST_RESPONSE_BYTES:
            raise InputError("rest-response-too-large",
                             f"The response is larger than {_MOST_RESPONSE_BYTES >> 20} MiB before "
                             "it is JSON. Ask for fewer rows, or over gRPC.")
        outputs = {key: plain_values(ndarray(value)) for key, value in response.outputs.items()}
        return {"predictions": _rows(outputs)} if "instances" in given else {"outputs": outputs}


def serve_rest(service: RestService, host: str, port: int) -> tuple[int, Callable[[], None]]:
    """Serves over HTTP.

    Args:
      service: What responds.
      host: The address to listen on.
      port: The port; 0 takes a free one.

    Returns:
      The port, and what ends it.

    Raises:
      InputError: If the port cannot be had.
    """
    try:
        server = _Server((host, port), _handler(service))
    except OSError as error:
        raise InputError("rest-port-in-use",
                         f"REST cannot be served on {host}:{port}: {error.strerror}. Choose "
                         "another port with --rest-port.") from error
    threading.Thread(target=server.serve_forever, name="rest", daemon=True).start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    return server.server_address[1], end


def _handler(service: RestService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS

        def setup(self) -> None:
            """Gives all that is read one deadline: a byte now and then would hold a place."""
            super().setup()
            self.rfile = io.BufferedReader(_Received(self.connection, _SECONDS))

        def do_POST(self) -> None:
            try:
                body = self.rfile.read(_size(self.headers.get("Content-Length", "0")))
                response = service.predict(self.path, body, self._alive)
                self._send(HTTPStatus.OK, response)
            except OSError:  # the client is gone, or does not send what it said
                self.close_connection = True
            except Exception as error:
                code, sentence = status_of(error)
                self._send(_CODES.get(code, HTTPStatus.INTERNAL_SERVER_ERROR),
                           {"error": details_of(sentence)})

        def log_message(self, format: str, *args: Any) -> None:
            """Logs nothing: metrics count requests."""

        def _alive(self) -> bool:
            """Returns whether the client has not gone; what it sends meanwhile stays unread."""
            try:
                watched = select.poll()  # a read would wait, for the connection has a timeout
                watched.register(self.connection, select.POLLIN)
                return not watched.poll(0) or self.connection.recv(1, socket.MSG_PEEK) != b""
            except OSError:
                return False

        def _send(self, code: HTTPStatus, response: Mapping[str, Any]) -> None:
            data = json.dumps(response).encode()
            self.connection.settimeout(_SECONDS)
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


class _Received(io.RawIOBase):
    """What comes on a connection until a deadline.

    Args:
      connection: The connection.
      seconds: How long it is read from.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        super().__init__()
        self._connection, self._end = connection, time.monotonic() + seconds

    def readable(self) -> bool:
        """Returns that it is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads what has come; raises `TimeoutError` after the deadline."""
        self._connection.settimeout(max(self._end - time.monotonic(), 1e-3))
        return self._connection.recv_into(buffer)


class _Server(ThreadingHTTPServer):
    """Each request has a thread; a client that goes away is no fault to log."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._places = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__(address, handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Returns whether there is a place for a connection; without one it is ended."""
        return self._places.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Responds to a request, after which there is a place for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs what ended a connection, but for the connection's own end."""
        if not isinstance(sys.exception(), OSError):
            _log.exception("A connection of REST failed.")


def _size(given: str) -> int:
    size = int(given) if re.fullmatch("[0-9]{1,18}", given) else None
    if size is None or size > _MOST_BYTES:
        raise InputError("rest-body-too-large", "A request needs a Content-Length, of at most "
                         f"{_MOST_BYTES >> 20} MiB; given: {given[:50]!r}. gRPC takes more.")
    return size


def _read(body: bytes) -> dict[str, Any]:
    # Counted before any of it is an object; what texts hold of these marks counts as well.
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise InputError("too-many-rest-values",
                         f"The body has more than {_MOST_VALUES} values. Ask for less at once.")
    try:
        given = json.loads(body, object_hook=with_bytes)
        str(given.get("signature_name", "") if isinstance(given, dict) else "").encode()
    except (ValueError, RecursionError) as error:
        raise InputError("bad-rest-body", f"The body must be JSON: {error}.") from error
    if (not isinstance(given, dict) or len({"instances", "inputs"} & given.keys()) != 1
            or given.keys() - {"instances", "inputs", "signature_name"}
            or not isinstance(given.get("signature_name", ""), str)):
        raise InputError("bad-rest-request", "The body must be an object with either instances or "
                         "inputs, and signature_name where it is another than serving_default.")
    return given


def _specify(spec: Any, name: str, kind: str | None, which: str | None) -> None:
    spec.name = name
    if kind == "labels":
        spec.version_label = which
    elif kind == "versions":
        if not re.fullmatch("[0-9]{1,18}", which or ""):
            raise InputError("bad-rest-version", f"A version must be a number; given: {which!r}.")
        spec.version.value = int(which or 0)


def _columns(instances: Any) -> Any:
    """Returns rows by input; a row is an object, or the value of the only input."""
    if not isinstance(instances, list) or not instances:
        raise InputError("bad-rest-instances", "instances must be a list of at least one row.")
    if not all(isinstance(one, dict) for one in instances):
        return instances
    names = {name for one in instances for name in one}
    if any(one.keys() != names for one in instances):
        raise InputError("unequal-rest-instances", "All instances must have the same inputs.")
    return {name: [one[name] for one in instances] for name in names}


def _by_name(inputs: Any, expected: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(inputs, dict):
        return inputs
    if len(expected) != 1:
        raise InputError("unnamed-rest-inputs", "The inputs must be named: "
                         f"{', '.join(sorted(expected)) or 'the signature is unknown'}.")
    return {next(iter(expected)): inputs}


def _rows(outputs: Mapping[str, list[Any]]) -> list[Any]:
    """Returns the rows of outputs; the values alone where there is one output."""
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    return [dict(zip(outputs, row, strict=True))
            for row in zip(*outputs.values(), strict=True)]
