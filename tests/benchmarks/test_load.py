"""Clients measure from when a request was due, fail with what fails, and end when told to."""

import math
import threading
import time
from contextlib import ExitStack

import grpc
import numpy as np
import pytest
from grpc_stubs import one_method
from refusals import refuses

from benchmarks.load import PREDICT, Load, clients, served

_STALL_S = 0.6


@pytest.fixture
def stub():
    """Makes a server of one thread that answers as it is told; returns its port."""
    with ExitStack() as stack:
        yield lambda handler: stack.enter_context(one_method(
            PREDICT, grpc.unary_unary_rpc_method_handler(handler)))[1]


def test_a_stall_delays_all_requests_that_were_due_in_it(stub):
    calls = []

    def handler(request, context):
        calls.append(request)
        if len(calls) == 10:
            threading.Event().wait(_STALL_S)
        return b""

    with clients(stub(handler), [b"x"], 1, 2, rate=50) as end:
        load = end()
    late = load.milliseconds > 1000 * _STALL_S / 3
    assert load.failed == 0 and len(load.codes) == pytest.approx(100, abs=2)
    assert late.sum() >= 15  # counted from the sending, one alone would be late
    assert np.diff(load.begins) == pytest.approx(0.02, abs=1e-6)


def test_a_load_goes_on_until_it_is_ended(stub):
    calls, enough = [], threading.Event()

    def handler(request, context):
        calls.append(request)
        if len(calls) == 5:
            enough.set()
        return b""

    with clients(stub(handler), [b"x"], 2, 600, rate=20) as end:
        assert enough.wait(60)
        ended = time.monotonic()
        load = end(now=True)
    assert load.failed == 0 and len(load.codes) >= 5 and load.begins.max() < ended + 1


def test_a_load_of_refusals_is_no_measure(stub):
    def handler(request, context):
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")

    with refuses("load-has-failures"):
        served(stub(handler), [b"x"], 1, 0.3)


def test_a_time_without_requests_has_no_percentile():
    load = Load(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]),
                np.array(["OK", "OK", "UNAVAILABLE"]))
    assert load.percentile(100, 1.5) == 30 and load.percentile(100, end=2.5) == 20
    assert math.isnan(load.percentile(99, 5.0, 6.0))
    assert load.failed == 1 and load.a_second == pytest.approx(2 / 2.03)
