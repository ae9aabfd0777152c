"""The process of a version ends with what started it, also while it loads."""

import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from serving import worker as worker_module
from serving.worker import LoadStoppedError, Worker


def _stopped():
    raise SystemExit(143)  # as a signal's handler does, whatever runs


def _unwanted():
    return False


@pytest.mark.parametrize(("wanted", "error"), [(_unwanted, LoadStoppedError),
                                               (_stopped, SystemExit)])
def test_a_load_that_is_stopped_leaves_no_process(model_base_path, monkeypatch, wanted, error):
    started = []
    process = worker_module._context.Process
    monkeypatch.setattr(worker_module._context, "Process", lambda **given: started.append(
        process(**given)) or started[0])
    monkeypatch.setattr(worker_module, "_WATCH_SECONDS", 0.0)  # before it can be loaded
    with pytest.raises(error):
        Worker(model_base_path / "3", 1, wanted=wanted)
    assert not psutil.pid_exists(started[0].pid)


def test_a_process_that_loads_ends_with_the_server(tmp_path, monkeypatch):
    ends = threading.Event()

    def ended(code):
        ends.set()
        raise SystemExit(code)

    monkeypatch.setattr(worker_module, "_load", lambda *given: ends.wait(20))
    monkeypatch.setattr(worker_module.os, "_exit", ended)
    own, other = multiprocessing.Pipe()
    own.close()
    with pytest.raises(SystemExit):
        worker_module._loaded_servable(tmp_path, 0, other)


_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(child.pid, flush=True)
child.wait()
"""
_CHILD = """
import importlib.abc, sys, time

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "serving.servable":  # as TensorFlow is, whose import takes seconds
            print("imports", flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Slow())
import serving.preload
"""


def test_a_process_that_imports_tensorflow_ends_with_the_server():
    server = subprocess.Popen([sys.executable, "-c", _PARENT, _CHILD],
                              cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(server.stdout.readline()))
    assert server.stdout.readline() == "imports\n"
    server.kill()
    server.communicate()
    _, left = psutil.wait_procs([child], timeout=30)
    # In a container nobody may collect it; then it is listed, but dead.
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in left)
