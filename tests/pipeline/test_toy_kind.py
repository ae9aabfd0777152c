"""A kind of an extension: what it declares is in Gate, tables and reports, which know no kind."""

import json

import numpy as np
import pytest
from google.protobuf import json_format
from tiny_fit import SPEC

from components.ranking_evaluator.interactions import SPLITS, Interactions, Judged
from components.ranking_evaluator.slices import prediction_figures
from components.ranking_evaluator.values import value_figures
from components.task_metrics import add_predicted, relative_reasons
from pipeline.comparison.figures import rows
from pipeline.comparison.record import against_single_tasks
from pipeline.comparison.table import cells
from pipeline.evaluation import _measured
from pipeline.model_report.page import since_last_blessed
from pipeline.runs_page.content import groups, read_runs
from trainer.data.events import Events
from trainer.data.tables import Table
from trainer.evaluation.label_facts import label_facts
from trainer.recipe import BoundRecipe, parse_recipe
from trainer.tasks import TASK_KINDS
from trainer.tasks.kind import Limit, Metric


@pytest.fixture(scope="module")
def facts(extension):
    """What the Trainer notes of the task, through JSON."""
    rating, of_one = np.array([1, 2, 4, 5], "float32"), np.ones(4, int)
    grades = Events(of_one, of_one, of_one, {"rating": rating, "like": rating / 5}, {})
    recipe = parse_recipe(description="d", modalities=(), rank_by="grade", relevant="like",
                          tasks={"grade": {"head": "ordinal", "label": "rating"}})
    return json.loads(json.dumps(label_facts(
        BoundRecipe(recipe, SPEC), Table([], "", {}, np.zeros(1, int)), grades, grades)))


@pytest.fixture
def metrics(facts):
    """A run's metrics: the error is 2 now and was 1, kappa is 0.5 and was 0.25."""
    return {"dataset": "shop", "recipe": "mine", "split": "u80", "seed": 1, "blessed": True,
            "not_blessed_because": [], "labels": facts,
            "tasks": {"grade": {"rmse": 2.5, "mae": 2.0, "kappa": 0.5}},
            "last_blessed": {"tasks": {"grade": {"mae": 1.0, "kappa": 0.25}}}}


def run(metrics, recipe="mine"):
    return {"recipe": recipe, "seed": 1, "relevant": None, "failed": None, "metrics": metrics,
            "cost": {}}


def test_gate_says_what_the_trivial_predictor_does(facts):
    assert facts["grade"]["trivial"] == {"mae": 1.5}
    (reason,) = relative_reasons({"grade": {"mae": 2.0}}, facts, 0.999)
    assert "mae 2 " in reason and "1.5 of predicting the middle grade" in reason
    assert relative_reasons({"grade": {"mae": 1.4}}, facts, 0.999) == []


def test_the_comparison_has_a_column_for_each_metric_that_is_shown(metrics):
    heading, lines = cells(rows([run(metrics)]))
    assert heading == ["model", "grade MAE", "grade kappa", "blessed"]
    assert lines == [["mine", "2.000", "0.500", "yes"]]


def test_a_smaller_error_than_that_of_the_task_alone_is_better(metrics):
    alone = metrics | {"tasks": {"grade": {"mae": 2.5, "kappa": 0.75}}}
    table = against_single_tasks(rows([run(metrics), run(alone, "alone")]),
                                 {"mine": {"grade": "alone"}})
    better = [line.split("|")[-2].strip() for line in table.splitlines()[2:]]
    assert better == ["+0.5000", "-0.2500"]


def test_the_report_paints_a_greater_error_as_worse(metrics):
    tones = {row["name"]: row["tone"] for row in since_last_blessed(metrics)["rows"]}
    assert tones == {"grade mae": "bad", "grade kappa": "good"}


def test_the_page_of_runs_has_what_is_shown(metrics, tmp_path):
    (tmp_path / "20261119-080000").mkdir()
    (tmp_path / "20261119-080000" / "metrics.json").write_text(json.dumps(metrics))
    (group,) = groups(read_runs(tmp_path))
    assert group["figures"] == [("mae", "grade"), ("kappa", "grade")]


@pytest.fixture
def graded():
    """Twenty users with three grades each, one of each split."""
    grades = np.random.default_rng(3).integers(1, 6, 60).astype(float)
    return Interactions(
        ["one", "two"], 20, np.tile(np.arange(20), 3), np.arange(60) % 2, np.zeros(60, int),
        False, np.ones(60, bool), np.repeat(np.arange(len(SPLITS)), 20), [b""] * 20,
        labels={"rating": grades})


def test_a_kind_measures_the_test_rows_and_is_held_against_biases(extension, graded):
    predictions = {"grade": graded.labels["rating"][-20:]}
    tasks = {"grade": Judged("ordinal", "rating")}
    figures = prediction_figures(predictions, graded, tasks, 1)["grade"]
    assert (figures["mae"], figures["kappa"], figures["rows"]) == (0.0, 1.0, 20)
    biases = value_figures(predictions, graded, tasks)["grade"]
    assert (biases["metric"], biases["model"]) == ("mae", 0.0) and biases["high"] < 0
    measured = {"grade": {"mae": 0.5}}
    add_predicted(measured, {"grade": figures})
    assert measured == {"grade": {"mae": 0.5, "rmse": 0.0, "kappa": 1.0}}, "the Evaluator's is kept"


def test_classes_are_measured_too(graded):
    graded.labels["mood"] = graded.labels["rating"] - 1
    predictions = {"mood": np.eye(5)[graded.labels["mood"].astype(int)][-20:]}
    tasks = {"mood": Judged("multi_class", "mood")}
    assert prediction_figures(predictions, graded, tasks, 1)["mood"]["accuracy"] == 1.0
    assert value_figures(predictions, graded, tasks) == {}, "biases predict no classes"


@pytest.mark.parametrize("name", TASK_KINDS)
def test_no_two_metrics_of_a_kind_are_called_alike(name):
    keys = [metric.key for metric in TASK_KINDS[name].metrics]
    assert len(keys) == len(set(keys))


def test_the_evaluator_is_given_a_metric_s_class_module_and_key():
    made = _measured(Metric("near", "shop.metrics.Near", {"steps": 2}), Limit(low=0.5))
    assert (made.module, made.class_name) == ("shop.metrics", "Near")
    assert json.loads(made.config) == {"name": "near", "steps": 2}
    (only,) = made.per_slice_thresholds
    assert json_format.MessageToDict(only.threshold) == {"valueThreshold": {"lowerBound": 0.5}}


def test_a_limit_that_nobody_would_hold_is_refused():
    with pytest.raises(ValueError, match="'near'"):
        Metric("near", limit=lambda checks, units: Limit(low=0.5))
