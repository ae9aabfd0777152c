from pathlib import Path

import pytest
import yaml
from refusals import refuses

from pipeline.checks import Checks
from pipeline.config import load_config

ROOT = Path(__file__).parents[2]
FIGURES = [name for name, value in Checks() if isinstance(value, float | int)]


@pytest.mark.parametrize("name", FIGURES)
def test_a_threshold_that_is_missing_is_an_error_of_the_configuration(tmp_path, name):
    path = tmp_path / "run.yaml"
    for empty in ("", "null", ".nan"):
        path.write_text(f"dataset: demo\nchecks: {{{name}: {empty}}}\n")
        with refuses("bad-configuration", f"checks.{name}"):
            load_config(path, root=tmp_path)


# Of an example's few users the intervals are wide.
LAXER = {"min_ndcg_difference": -0.1, "max_ndcg_shortfall": 1}


@pytest.mark.parametrize("path", [
    path for folder in ("docs", "deploy", "pipeline/recipes") for path in sorted(
        (ROOT / folder).rglob("*.yaml"))], ids=lambda path: path.name)
def test_no_shipped_example_switches_a_gate_off(path):
    values = {key: value for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
            for key, value in document.items()}
    checks = Checks(**values.get("checks", {}))
    assert checks.reported == ()
    for name in FIGURES:
        value, limit = getattr(checks, name), LAXER.get(name, getattr(Checks(), name))
        assert value <= limit if name.startswith("max_") else value >= limit, name
