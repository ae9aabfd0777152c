"""Kinds of tasks of `tests/stalls.py`, of options, several numbers and losses of their own."""

import json

import numpy as np
import pytest
from tiny_fit import SPEC, tiny_data, with_recipe

from components.ranking_evaluator.interactions import SPLITS, Interactions, Judged
from components.ranking_evaluator.slices import prediction_figures
from components.ranking_evaluator.values import value_figures
from components.task_evaluator.component import judge
from components.task_metrics import add_predicted, relative_reasons
from pipeline.checks import Checks
from pipeline.evaluation import eval_config
from pipeline.model_checks import _values
from trainer.data.events import Events
from trainer.data.tables import Table
from trainer.evaluation.label_facts import label_facts
from trainer.evaluation.written_scores import TaskScores
from trainer.recipe import BoundRecipe, parse_recipe
from trainer.training.callbacks import by_name
from trainer.training.fit import fit_twice

TASKS = {"find": {"head": "pairwise", "label": "like"},
         "grade": {"head": {"quantile": {"shares": [0.25, 0.75]}}, "label": "rating"},
         "many": {"head": "count", "label": "rating"},
         "both": {"head": "numbers", "labels": ["rating", "like"]}}


@pytest.fixture(scope="module")
def recipe(stalls):
    return parse_recipe(
        description="tiny", modalities=(), model={"dim": 4}, tasks=TASKS,
        balancing="uncertainty",
        training={"batch_size": 32, "learning_rate": 0.05, "max_epochs": 6})


@pytest.mark.slow
def test_each_learns_by_what_the_recipe_says_of_its_head(recipe, tmp_path):
    result = fit_twice(with_recipe(tiny_data(), recipe), 1, tmp_path / "logs", tmp_path / "saved")
    curves = by_name(result.curves["first"])
    for name in TASKS:
        assert curves[f"{name}_loss"][-1] < curves[f"{name}_loss"][0], name
    assert {name: head.units for name, head in result.network.heads.items()} == {
        "grade": 2, "many": 1, "both": 2}


def test_a_task_without_a_label_is_held_against_none(stalls, monkeypatch):
    from trainer.tasks import TASK_KINDS, TaskKind

    class Quiet(TaskKind):
        name = "quiet"

    monkeypatch.setitem(TASK_KINDS, "quiet", Quiet())
    recipe = parse_recipe(description="d", modalities=(),
                          tasks={**TASKS, "hush": {"head": "quiet"}})
    assert set(recipe.judged) == {"grade", "many", "both"}


@pytest.fixture
def sold():
    """Half of twenty users buy ten of the second thing, and nobody anything else."""
    users, items = np.tile(np.arange(20), 6), np.repeat([0, 1] * 3, 20)
    return Interactions(
        ["one", "two"], 20, users, items, np.zeros(120, int), False, np.ones(120, bool),
        np.repeat(np.arange(len(SPLITS)), 40), [b""] * 40,
        labels={"many": 10.0 * (users % 2) * items})


def test_what_biases_predict_need_not_be_measurable(stalls, sold):
    """What a user and a thing take off a mean may leave less than nothing."""
    predicted = {"many": np.ones(40), "grade": np.ones((40, 2))}
    tasks = {"many": Judged("count", "many"), "grade": Judged(TASKS["grade"]["head"], "many")}
    figures = prediction_figures(predicted, sold, tasks, 1)
    assert figures["grade"]["pinball"] > 0 and figures["many"]["deviance"] == 1.0
    assert value_figures(predicted, sold, tasks)["many"].keys() == {"skipped"}


def test_a_metric_without_a_class_is_measured_of_predictions(recipe):
    """So that Gate can hold it against what predicts without a model."""
    bound = BoundRecipe(recipe, SPEC)
    names = [name for one in eval_config(bound, Checks()).metrics_specs
             for name in one.output_names]
    assert names == ["many", "both"]
    judged = json.loads(json.dumps(_values(bound)))
    assert judged["grade"] == [TASKS["grade"]["head"], "rating"] and "both" not in judged
    measured = {"many": {"deviance": 0.5}}
    add_predicted(measured, {"grade": {"rows": 3, "pinball": 0.5, "slices": {}}})
    assert measured == {"many": {"deviance": 0.5}, "grade": {"pinball": 0.5}}
    scores = {"grade": TaskScores(TASKS["grade"]["head"], np.ones(3), np.ones((3, 2)))}
    assert judge(scores, {}).figures["tasks"] == {"grade": {"pinball": 0.0}}


def test_what_predicts_without_a_model_knows_all_labels(recipe):
    rows = Events(*[np.ones(2, int)] * 3, {"rating": np.array([2.0, 4.0]),
                                           "like": np.array([0.0, np.nan])}, {})
    facts = label_facts(BoundRecipe(recipe, SPEC), Table([], "", {}, np.zeros(1, int)), rows, rows)
    # The mean of a rating is 3 and that of a like 0; one row has both labels.
    assert facts["both"]["trivial"] == {"mae": 0.5}
    assert facts["grade"]["trivial"] == {"pinball": 0.5}
    figures = {"grade": {"pinball": 0.1}, "many": {"deviance": 9.0}, "both": {"mae": 0.1}}
    (reason,) = relative_reasons(figures, facts, 0.999)
    assert reason.startswith("many, metric deviance")
