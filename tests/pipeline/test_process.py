import gc
import io
import logging
import os
import subprocess
import sys
import time

import psutil
import pytest

from pipeline import process
from pipeline.process import PeakMemory
from schemas import log


@pytest.fixture
def shown(monkeypatch):
    """Logs one line under a level of ours; returns what is shown of it."""
    ours, root = logging.getLogger("tessera"), logging.getLogger()
    levels = ours.level, root.level

    def shown(level, name, line, *given):
        ours.setLevel(level)
        process.quiet()
        written = io.StringIO()
        monkeypatch.setattr(sys, "stderr", written)
        logging.getLogger(name).log(logging.WARNING, line, *given)
        return written.getvalue()

    yield shown
    ours.setLevel(levels[0])
    process.quiet()
    root.setLevel(levels[1])


KNOWN = ("absl", "Execution %d failed.", 7)


@pytest.mark.parametrize("line", [
    KNOWN, ("tensorflow", "5 out of the last 6 calls to <function f> triggered retracing"),
    ("apache_beam.transforms.core", ("No iterator is returned by the process method in %s.", int)),
    ("apache_beam.runners.common", ValueError("a step failed"))])
def test_a_known_message_is_left_out(shown, line):
    assert shown(logging.INFO, *line) == ""


@pytest.mark.parametrize(("name", "line"), [
    ("absl", "The disk is slow."), ("tfx", "Execution %d failed."),
    ("a.new.library", "Look here.")])
def test_whatever_is_not_known_is_shown(shown, name, line):
    assert line in shown(logging.INFO, name, line)


@pytest.mark.parametrize(("name", "level", "kept"), [
    ("root", logging.ERROR, False), ("root", logging.WARNING, True), ("a.library", 40, True)])
def test_a_failed_jobs_error_is_left_out_since_the_runs_message_has_it(name, level, kept):
    record = logging.LogRecord(name, level, "beam/portable_runner.py", 1, "%s", ("java",), None)
    assert process.Known().filter(record) is kept


def test_where_everything_is_asked_for_the_known_messages_are_shown_too(shown):
    assert "Execution 7 failed." in shown(logging.DEBUG, *KNOWN)


def test_preparing_twice_shows_a_line_once(shown):
    process.quiet()
    assert shown(logging.INFO, "a.new.library", "Look here.").count("Look here.") == 1
    handlers = logging.getLogger().handlers
    assert sum(isinstance(handler, log.StandardError) for handler in handlers) == 1


def test_cycles_are_looked_for_after_many_objects():
    before = gc.get_threshold()
    try:
        gc.set_threshold(700, 10, 10)  # as Python does
        process.prepare()
        assert gc.isenabled() and gc.get_threshold()[0] >= 50_000
    finally:
        gc.set_threshold(*before)


MIB = 2**20


def test_an_allocation_is_seen_after_it_is_freed():
    with PeakMemory() as idle:  # children of earlier tests count, too
        pass
    before = idle.megabytes
    with PeakMemory() as memory:
        held = bytearray(b"x" * (64 * MIB))
        for _ in range(100):
            if memory.megabytes >= before + 60:
                break
            time.sleep(0.05)
        assert memory.megabytes >= before + 60
        del held
    assert memory.megabytes < before + 400


def test_children_count():
    script = f"held = bytearray(b'x' * {96 * MIB}); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        own = psutil.Process().memory_info().rss / MIB
        with PeakMemory() as memory:
            pass
        assert memory.megabytes >= own + 90
        child.stdin.write(b"\n")
        child.stdin.flush()


def test_a_traced_function_leaves_no_file(tmp_path):
    script = ("import pipeline.process, tensorflow as tf\n"
              "@tf.function\n"
              "def double(x):\n"
              "    for _ in tf.range(2):\n"
              "        x = x + x\n"
              "    return x\n"
              "print(int(double(tf.constant(1))))")
    (program := tmp_path / "program.py").write_text(script)
    (folder := tmp_path / "temporary").mkdir()
    environment = {name: value for name, value in os.environ.items()
                   if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True,
                          env=environment | {"TMPDIR": str(folder)})
    assert done.stdout.split() == ["4"]
    assert not list(folder.rglob("*"))
