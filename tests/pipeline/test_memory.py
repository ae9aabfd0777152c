"""The memory of a process and its children."""

import subprocess
import sys
import time

import psutil

from pipeline.process import PeakMemory

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
