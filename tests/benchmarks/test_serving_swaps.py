"""A change of versions in which nothing was asked, or after which nothing was, does not pass."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.load import Load
from benchmarks.serving_bench import Bench
from benchmarks.serving_swaps import record_changes


@pytest.mark.parametrize(("changes", "slow", "verdicts"), [
    ([(20, 25), (40, 45)], 1, ["PASS", "PASS", "PASS"]),
    ([(20, 25), (40, 45)], 3, ["PASS", "FAIL", "PASS"]),
    ([(20, 25), (40, 45)], 600, ["PASS", "FAIL", "FAIL"]),
    ([(20, 25), (61, 66)], 1, ["FAIL", "FAIL", "PASS"]),  # after the load
    ([(20, 25), (30, 30)], 1, ["PASS", "FAIL", "PASS"]),  # within no time
    ([(1, 2), (40, 45)], 1, ["PASS", "FAIL", "PASS"]),  # nothing steady was seen
])
def test_each_change_is_measured(changes, slow, verdicts):
    begins = np.arange(0, 60, 0.1)
    took = np.where((begins >= 40) & (begins < 45), slow, 1.0)
    bench = Bench(Path("model"), Path("root"))
    record_changes(bench, "change", Load(begins, took, np.full(len(begins), "OK")), changes)
    assert [one["verdict"] for one in bench.figures.values()] == verdicts
