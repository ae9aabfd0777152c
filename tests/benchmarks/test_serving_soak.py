"""A short soak of a real server, and what a line through its memory says of one that leaks."""

import math

import numpy as np
import pytest
from tiny_model import save_tiny_model

from benchmarks.malformed_requests import good_requests
from benchmarks.serving_bench import Bench, running
from benchmarks.serving_soak import Memory, soaked

_SECONDS = 8.0


def grown(levels):
    levels = np.asarray(levels, float)
    return Memory(list(range(len(levels))), [500.0] * len(levels), list(levels)).growth()


def test_the_slope_is_that_of_the_last_three_quarters():
    steady = np.full(101, 300.0)
    assert grown(steady) == pytest.approx(0)
    assert grown(300 + np.arange(101)) == pytest.approx(100 / 500)
    begin = np.where(np.arange(101) < 25, np.arange(101), 25)
    assert grown(300 + begin) == pytest.approx(0, abs=1e-9)


def test_too_few_samples_are_no_slope():
    assert math.isnan(grown([])) and math.isnan(grown([1.0, 2.0, 3.0]))


@pytest.mark.slow
def test_a_short_soak_has_no_errors_and_no_slope(tmp_path):
    save_tiny_model(tmp_path / "1")
    bench = Bench(tmp_path / "1", tmp_path)
    with running(bench.model) as server:
        with server.client() as client:
            goods = good_requests(client.signatures, {})
        requests = [goods["recommend"].SerializeToString()]
        server.half_of_peak(requests, 2)  # the allocators take what they need
        soaked(bench, server, requests, _SECONDS, rate=50)
    assert len(bench.figures) == 3
    assert {one["verdict"] for one in bench.figures.values()} == {"PASS"}, bench.figures
