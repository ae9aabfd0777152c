import threading
import time

import numpy as np
import pytest
from refusals import refuses

from serving.batching import ROWS, Batcher

FOREVER = float("inf")


class Gate:
    """A model that doubles numbers and runs nothing while it is shut."""

    def __init__(self):
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.runs = []

    def run(self, slot, name, arrays, outputs):
        self.runs.append(len(arrays["x"]))
        self.entered.release()
        assert self.open.wait(20)
        if (arrays["x"] == 13).any():
            raise ValueError("unlucky")
        return {"y": arrays["x"] * 2}


@pytest.fixture
def gate():
    return Gate()


def ask(batcher, value, rows=1, width=1, deadline=FOREVER, alive=lambda: True):
    arrays = {"x": np.full((rows, width), value)}
    return batcher("double", arrays, ["y"], deadline, alive)["y"]


@pytest.fixture
def batcher(gate):
    """One slot, which knows already how fast the model is."""
    made = Batcher(gate.run, ["slot"])
    made._row_seconds["double"] = 1e-6
    return made


def in_threads(batcher, gate, values, **how):
    """Shuts the only slot with a first request, then asks the others, which wait."""
    results = {}

    def one(value):
        try:
            results[value] = ask(batcher, value, **how)
        except Exception as error:
            results[value] = error

    threads = [threading.Thread(target=one, args=(value,)) for value in values]
    threads[0].start()
    assert gate.entered.acquire(timeout=20)
    for place, thread in enumerate(threads[1:], start=1):
        thread.start()
        while batcher.waiting < place:
            time.sleep(0.001)  # until it has queued
    gate.open.set()
    for thread in threads:
        thread.join(20)
    return results


def test_requests_that_wait_are_run_together_and_each_gets_its_own(batcher, gate, monkeypatch):
    monkeypatch.setattr("serving.batching.SECONDS", 1e6)  # the shut gate counts as work
    result = in_threads(batcher, gate, [1, 2, 3, 4], rows=2)
    assert {value: y.tolist() for value, y in result.items()} == {
        value: [[2 * value]] * 2 for value in (1, 2, 3, 4)}
    assert gate.runs == [2, 6]


def test_what_is_wrong_with_one_is_no_others_fault(batcher, gate, monkeypatch):
    monkeypatch.setattr("serving.batching.SECONDS", 1e6)
    result = in_threads(batcher, gate, [1, 13, 3])
    assert isinstance(result[13], ValueError) and result[3].tolist() == [[6]]


def test_without_batching_each_is_run_alone(gate):
    in_threads(Batcher(gate.run, ["slot"], joined=False), gate, [1, 2, 3])
    assert gate.runs == [1, 1, 1]


def test_a_large_request_is_run_in_parts(batcher, gate):
    gate.open.set()
    assert ask(batcher, 4).tolist() == [[8]], "a lone request is run at once and alone"
    assert len(ask(batcher, 1, rows=2 * ROWS + 3)) == 2 * ROWS + 3
    assert gate.runs == [1, ROWS, ROWS, 3]


def test_the_parts_of_a_slow_signature_are_small(gate):
    gate.open.set()
    batcher = Batcher(gate.run, ["slot"])
    ask(batcher, 1, rows=3)
    assert gate.runs == [1, 2], "the first row tells how long one takes"
    batcher._row_seconds["double"] = 0.05
    ask(batcher, 1, rows=12)
    assert gate.runs == [1, 2, 5, 7]


def test_a_request_that_nobody_waits_for_is_dropped(batcher, gate):
    threading.Thread(target=ask, args=(batcher, 1)).start()
    assert gate.entered.acquire(timeout=20)
    with refuses("request-expired"):
        ask(batcher, 2, deadline=time.monotonic() + 0.01)
    gate.open.set()
    with refuses("request-expired"):
        ask(batcher, 3, alive=lambda: False)
    assert gate.runs == [1]
