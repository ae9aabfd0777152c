"""The thresholds of a run: none can be left empty."""

import pytest
from refusals import refuses

from pipeline.checks import Checks
from pipeline.config import load_config

FIGURES = [name for name, value in Checks() if isinstance(value, float | int)]


def test_every_figure_is_a_threshold():
    assert {"min_ndcg_above_popularity", "min_ndcg_difference", "max_ndcg_decrease",
            "max_error_ratio", "min_auc_above_chance"} < set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_threshold_that_is_missing_is_an_error_of_the_configuration(tmp_path, name):
    path = tmp_path / "run.yaml"
    for empty in ("", "null", ".nan"):
        path.write_text(f"dataset: demo\nchecks: {{{name}: {empty}}}\n")
        with refuses("bad-configuration", f"checks.{name}"):
            load_config(path, root=tmp_path)
