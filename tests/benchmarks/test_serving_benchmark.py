"""What a figure of the model server says when nothing was measured, or a step has ended early."""

import json
import math
from pathlib import Path

import pytest
from refusals import refuses

from benchmarks.machine import machine
from benchmarks.serving import measured, pushed_version
from benchmarks.serving_bench import Bench


@pytest.fixture
def bench():
    return Bench(Path("model"), Path("root"))


@pytest.mark.parametrize(("value", "verdict"), [
    (1.9, "PASS"), (2.0, "PASS"), (2.1, "FAIL"), (math.nan, "FAIL"), (math.inf, "FAIL")])
def test_a_figure_passes_within_its_bound_alone(bench, value, verdict, capsys):
    bench.most("time", value, 2, "s")
    assert capsys.readouterr().out.startswith(f"{verdict}  time: ")
    (figure,) = json.loads(json.dumps(bench.figures, allow_nan=False)).values()
    assert figure["verdict"] == verdict
    assert figure["value"] == (value if math.isfinite(value) else None)
    bench.most("time against a steady one of nothing", 1.0, 2 * math.nan, "s")
    assert bench.figures["time against a steady one of nothing"]["verdict"] == "FAIL"


def ends_early(bench):
    bench.most("first", 0, 1, "s")
    raise RuntimeError("no server")


@pytest.mark.parametrize(("step", "verdicts"), [
    (ends_early, ["PASS", "FAIL"]), (lambda bench: None, ["FAIL"]),
    (lambda bench: bench.most("first", 0, 1, "s"), ["PASS"])])
def test_a_step_that_ends_early_or_says_nothing_fails(bench, step, verdicts):
    assert [one["verdict"] for one in measured(step, bench).values()] == verdicts


def test_a_model_whose_run_is_not_known_is_refused(tmp_path):
    version = tmp_path / "serving" / "shop" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    with refuses("no-metadata"):
        pushed_version(version.parent, None)
    with refuses("bench-without-model"):
        pushed_version(tmp_path, None)


def test_figures_say_what_they_were_measured_on():
    made = machine()
    assert made["cores"] >= 1 and {"processor", "tensorflow", "grpcio", "commit"} <= set(made)
