import io
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from refusals import refuses

from schemas import log
from schemas.errors import TesseraError
from serving import launch, server
from serving.client import Client
from serving.connection import ServerUnavailableError
from serving.launch import running_server

_ROOT = Path(__file__).parents[2]


def test_a_running_server_answers_and_ends_gracefully_with_the_block(model_base_path, monkeypatch):
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        launch.subprocess, "Popen",
        lambda *a, **k: started.append(popen(*a, **k | {"stderr": subprocess.PIPE})) or started[0])
    with running_server(model_base_path) as address, Client(*address) as client:
        assert client.recommend(["ann"], k=1)[0][0].item_id == "i0"
    assert started[0].returncode == 0
    lines = started[0].stderr.read().decode().splitlines()
    started[0].stderr.close()
    assert lines == [f"Serving tessera version 3 on 127.0.0.1:{address.port}"]
    with Client(*address, timeout_s=2) as client, pytest.raises(ServerUnavailableError):
        client.status()


def test_a_dead_servers_last_lines_are_in_the_message(tmp_path):
    with pytest.raises(TesseraError) as caught, running_server(tmp_path):
        pytest.fail("there is nothing to serve")
    assert "ended with exit code 2" in str(caught.value)
    assert f"{tmp_path} holds no model version" in str(caught.value)


_PARENT = """
import sys
from pathlib import Path
from serving import launch

started, popen = [], launch.subprocess.Popen
launch.subprocess.Popen = lambda *a, **k: started.append(popen(*a, **k)) or started[0]
launch._wait_until_ready = lambda *_: None  # it is still loading
with launch.running_server(Path(sys.argv[1])):
    print(started[0].pid, flush=True)
    sys.stdin.read()
"""


def test_the_server_ends_with_a_killed_parent(model_base_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, model_base_path], cwd=_ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    assert child.ppid() == parent.pid
    parent.kill()
    parent.communicate()
    _, left = psutil.wait_procs([child], timeout=30)
    # In a container nobody may collect it; then it is listed, but dead.
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in left)


def _serve(base_path: Path, path: str) -> subprocess.CompletedProcess:
    program = (
        "import sys; from pathlib import Path; from serving.launch import Served, serve\n"
        "serve(Served(Path(sys.argv[1]), port=8600, model_name='mosaic'))"
    )
    return subprocess.run(
        [sys.executable, "-c", program, base_path.name], cwd=base_path.parent,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(_ROOT)}, capture_output=True, text=True,
        timeout=60)


def test_the_stock_server_is_taken_where_it_is_installed(model_base_path, tmp_path):
    stock = tmp_path / "tensorflow_model_server"
    stock.write_text('#!/bin/sh\nfor argument in "$@"; do echo "$argument"; done\nexit 7\n')
    stock.chmod(0o755)
    done = _serve(model_base_path, f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 7, done.stderr
    assert done.stdout.splitlines() == [
        "--port=8600", "--rest_api_port=0", "--model_name=mosaic",
        f"--model_base_path={model_base_path}"]
    assert "listens on every address of this machine" in done.stderr


def test_the_embedded_server_is_taken_where_the_stock_one_is_absent(monkeypatch, model_base_path):
    ran = []
    monkeypatch.setattr(launch.shutil, "which", lambda name: None)
    monkeypatch.setattr(launch.server, "run", lambda make: ran.append(make()))
    monkeypatch.setattr(launch.server, "EmbeddedServer", lambda *given, **named: (given, named))
    launch.serve(launch.Served(model_base_path, "mosaic", port=8600, metrics_port=9100))
    assert ran == [((model_base_path, "mosaic", "127.0.0.1", 8600),
                    {"config_file": None, "ssl_config_file": None, "metrics_port": 9100,
                     "request_log": None, "rest_port": None})]


def test_tensorflow_is_imported_without_a_word_on_every_stack():
    done = subprocess.run(
        [sys.executable, "-c", "import pipeline.process, tensorflow; print('loaded')"],
        cwd=_ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "loaded\n", "")


def test_a_server_that_is_not_ready_in_time_is_ended(model_base_path, monkeypatch):
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        launch.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[0])
    with refuses("server-not-ready", "0 s"):
        with running_server(model_base_path, start_seconds=0):
            pytest.fail("it cannot be ready")
    assert started[0].returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)


@pytest.fixture
def server_log(monkeypatch):
    """Starts the log under a value of the variable; returns what is written of each level."""
    ours, root, room = (logging.getLogger(name) for name in ("tessera", "", "serving"))
    before = [(one, one.handlers[:], one.level, one.propagate) for one in (ours, root, room)]

    def server_log(value):
        ours.handlers.clear()
        root.handlers.clear()
        written = io.StringIO()
        monkeypatch.setattr(sys, "stderr", written)
        monkeypatch.setenv(log.VARIABLE, value)
        monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
        server.tell_log()
        for name in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger("serving.models"), name)(f"<{name}>")
        return written.getvalue().splitlines()

    yield server_log
    for one, handlers, level, propagate in before:
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


@pytest.mark.parametrize(("value", "lines"), [
    ("info", ["<info>", "<warning>", "<error>"]), ("error", ["<error>"])])
def test_the_server_logs_from_the_level_on_that_the_variable_names(server_log, value, lines):
    assert server_log(value) == lines and os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"


def test_a_server_that_is_asked_for_everything_says_when_and_where(server_log):
    lines = server_log("debug")
    assert [line.split(": ")[-1] for line in lines] == ["<debug>", "<info>", "<warning>", "<error>"]
    assert all(" serving.models: " in line for line in lines)
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"
