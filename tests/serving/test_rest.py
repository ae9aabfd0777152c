import base64
import json
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from refusals import refuses

from schemas.errors import InputError
from serving import rest

USER = {"user_id": "ann", "timestamp": -1, "history_item_id": ["i1"], "history_timestamp": [5],
        "history_rating": [4.0], "k": 2}


@pytest.fixture
def post(server):
    def post(path, body, data=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.rest_port}{path}",
            json.dumps(body).encode() if data is None else data)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    return post


def test_rows_and_columns_get_the_same(post):
    rows = {"signature_name": "recommend", "instances": [USER, {**USER, "user_id": "maria"}]}
    code, result = post("/v1/models/tessera:predict", rows)
    assert code == 200
    assert [row["item_ids"] for row in result["predictions"]] == [["i0", "i1"]] * 2
    assert [row["scores"] for row in result["predictions"]] == [[7.0, 6.0], [9.0, 8.0]]
    columns = {name: [value, value] for name, value in USER.items()}
    columns["user_id"] = [{"b64": base64.b64encode(b"ann").decode()}, "maria"]
    code, result = post("/v1/models/tessera/versions/3:predict",
                        {"signature_name": "recommend", "inputs": columns})
    assert code == 200 and result["outputs"]["scores"] == [[7.0, 6.0], [9.0, 8.0]]


@pytest.mark.parametrize(("path", "body", "code", "message"), [
    ("/v1/models/other:predict", {"inputs": {}}, 404, "no model 'other'"),
    ("/v1/models/tessera/versions/9:predict", {"inputs": {}}, 404, "Version 9"),
    ("/v1/models/tessera/labels/stable:predict", {"inputs": {}}, 404, "label 'stable'"),
    ("/v1/models/tessera", {"inputs": {}}, 400, "Expected /v1/models"),
    ("/v1/models/tessera:predict", [], 400, "either instances or inputs"),
    ("/v1/models/tessera:predict", {"instances": []}, 400, "at least one row"),
    ("/v1/models/tessera:predict", {"instances": [{"a": 1}, {"b": 1}]}, 400, "the same inputs"),
    ("/v1/models/tessera:predict", {"instances": [1]}, 400, "must be named"),
    ("/v1/models/tessera:predict", {"inputs": {"mood": ["glad"]}}, 400, "no input 'mood'"),
])
def test_what_does_not_fit_is_told(post, path, body, code, message):
    result = post(path, body)
    assert result[0] == code and message in result[1]["error"]


@pytest.mark.parametrize(("value", "message"), [
    (2**32 + 2, "too large"), (2**31, "too large"), (1.5, "int32"), (None, "int32"),
    ([2], "shape"), ("2", "int32"), (float("nan"), "int32"),
])
def test_a_number_is_never_taken_for_another(post, value, message):
    code, result = post("/v1/models/tessera:predict", {
        "signature_name": "recommend", "instances": [{**USER, "k": value}]})
    assert code == 400 and message in result["error"]


@pytest.mark.parametrize("length", ["many", "-1", "9" * 30])
def test_a_length_that_is_none_is_told(server, length):
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=10) as connection:
        connection.sendall(b"POST /v1/models/tessera:predict HTTP/1.1\r\nContent-Length: "
                           + length.encode() + b"\r\n\r\n")
        assert connection.makefile("rb").readline().split()[1] == b"400"


@pytest.mark.parametrize("data", [
    b"{", b"\xff", b"[" * 100_000, b'{"inputs": {"b64": "?"}}', b'{"inputs": {"b64": 5}}',
    b'{"inputs": {"\\ud800": ["x"]}}', b'{"signature_name": 5, "inputs": {}}',
    b'{"inputs": {"user_id": ["\\ud800"]}}', b'{"inputs": {"user_id": NaN}}',
    b'{"instances": [[], {}]}', b'{"inputs": {"user_id": [["a"], ["b", "c"]]}}'])
def test_bytes_that_are_no_json_are_told(post, data):
    code, result = post("/v1/models/tessera:predict", None, data)
    assert code == 400 and result["error"]


@pytest.mark.parametrize("values", [b"{},", b"[],", b'0,', b'"a",'])
def test_a_body_of_many_values_is_refused_before_it_is_read(monkeypatch, values):
    monkeypatch.setattr(rest.json, "loads", None)
    with refuses("too-many-rest-values"):
        rest._read(b'{"inputs": {"user_id": [' + values * 300_000 + b"0]}}")


def test_a_body_or_a_response_that_is_too_large_is_told(server, post, monkeypatch):
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=10) as connection:
        connection.sendall(b"POST /v1/models/tessera:predict HTTP/1.1\r\nContent-Length: 5000000"
                           b"\r\n\r\n")
        assert connection.makefile("rb").readline().split()[1] == b"400"
    monkeypatch.setattr(rest, "_MOST_RESPONSE_BYTES", 10)
    code, result = post("/v1/models/tessera:predict",
                        {"signature_name": "recommend", "instances": [USER]})
    assert code == 400 and "gRPC" in result["error"]


def test_a_request_has_a_deadline_and_ends_with_its_connection(monkeypatch):
    waits, gone, seen = threading.Event(), threading.Event(), []

    class Predictions:
        def respond(self, request, timeout, alive):
            seen.extend([timeout, alive()])
            waits.set()
            gone.wait(10)
            deadline = time.monotonic() + 10
            while alive() and time.monotonic() < deadline:
                pass
            seen.append(alive())
            raise InputError("no", "no")

    version = SimpleNamespace(signatures={})
    borrowed = SimpleNamespace(borrowed=lambda spec: nullcontext(version))
    models = SimpleNamespace(versions=lambda name: borrowed)
    port, end = rest.serve_rest(rest.RestService(models, Predictions()), "127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /v1/models/tessera:predict HTTP/1.1\r\nContent-Length: 14"
                           b'\r\n\r\n{"inputs": {}}')
        assert waits.wait(10)
    gone.set()
    deadline = time.monotonic() + 10
    while len(seen) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    end()
    assert 0 < seen[0] <= 60 and seen[1:] == [True, False]


@pytest.fixture
def served(monkeypatch):
    """REST without a model, with places for two connections."""
    def predict(path, body, alive):
        raise InputError("no", "\u00e4" * 9000)

    monkeypatch.setattr(rest, "_MOST_CONNECTIONS", 2)
    port, end = rest.serve_rest(SimpleNamespace(predict=predict), "127.0.0.1", 0)
    yield ("127.0.0.1", port)
    end()


def _response(address):
    """What a small request gets, nothing if the connection is ended."""
    with socket.create_connection(address, timeout=10) as connection:
        try:
            connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            return connection.makefile("rb").read()
        except OSError:
            return b""


def test_connections_beyond_the_most_are_ended_and_others_served_again(served):
    idle = [socket.create_connection(served) for _ in range(2)]
    while _response(served):
        pass  # the idle ones are not accepted yet
    for one in idle:
        one.close()
    deadline = time.monotonic() + 20
    while not (response := _response(served)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert response.startswith(b"HTTP/1.0 400")
    assert len(json.loads(response.partition(b"\r\n\r\n")[2])["error"]) == 1000


@pytest.mark.parametrize("begin", [
    b"", b"POST / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n"])
def test_a_request_that_comes_a_byte_at_a_time_is_ended(monkeypatch, begin):
    monkeypatch.setattr(rest, "_SECONDS", 0.4)
    port, end = rest.serve_rest(SimpleNamespace(), "127.0.0.1", 0)
    deadline = time.monotonic() + 10
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(begin)
        connection.settimeout(0.05)
        ended = False
        while not ended and time.monotonic() < deadline:
            try:
                connection.sendall(b"a")
                ended = connection.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
    end()
    assert ended


def test_a_client_that_goes_away_leaves_no_trace(server, capsys):
    before = threading.active_count()
    for sent in (b"POST /v1/models/tessera:predict HTTP/1.1\r\nContent-Length: 9\r\n\r\n{", b"PO"):
        with socket.create_connection(("127.0.0.1", server.rest_port)) as gone:
            gone.sendall(sent)
            # The connection is reset, not ended.
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "Traceback" not in capsys.readouterr().err
