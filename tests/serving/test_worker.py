"""The process of a version ends with what started it, also while it loads."""

import multiprocessing
import threading

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
