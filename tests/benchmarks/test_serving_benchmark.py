"""What a figure of the model server says when nothing was measured."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.load import Load
from benchmarks.serving import Bench


@pytest.mark.parametrize(("value", "verdict"), [
    (1.9, "PASS"), (2.0, "PASS"), (2.1, "FAIL"), (math.nan, "FAIL"), (math.inf, "FAIL")])
def test_a_figure_passes_within_its_bound_alone(value, verdict, capsys):
    bench = Bench(Path("model"), Path("root"))
    bench.most("time", value, 2, "s")
    assert capsys.readouterr().out.startswith(f"{verdict}  time: ")
    (figure,) = json.loads(json.dumps(bench.figures, allow_nan=False)).values()
    assert figure["verdict"] == verdict
    assert figure["value"] == (value if math.isfinite(value) else None)
    bench.most("time against a steady one of nothing", 1.0, 2 * math.nan, "s")
    assert bench.figures["time against a steady one of nothing"]["verdict"] == "FAIL"


def test_a_time_without_requests_has_no_percentile():
    load = Load(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]), {"OK": 3})
    assert load.percentile(100, 1.5) == 30 and load.percentile(100, end=2.5) == 20
    assert math.isnan(load.percentile(99, 5.0, 6.0))
