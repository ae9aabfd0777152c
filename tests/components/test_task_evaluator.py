import json
import math
from dataclasses import dataclass
from unittest import mock

import numpy as np
import pytest
from artifacts import artifact
from google.protobuf import text_format
from refusals import refuses
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from tfx.types import standard_artifacts

from components.artifacts import Scores, Verdict
from components.ranking_evaluator.model import open_scorer
from components.task_evaluator import component
from components.task_evaluator.component import judge, measured
from components.verdict import Outcome
from trainer.evaluation.written_scores import TaskScores, WrittenScores
from trainer.tasks.kind import Limit
from trainer.tasks.probability import AREA, calibration_error

_VALIDATION = """
validation_ok: false
metric_validations_per_slice {
  slice_key {}
  failures {
    metric_key { name: "rmse" output_name: "rating" }
    metric_threshold { value_threshold { upper_bound { value: 1.1 } } }
    metric_value { double_value { value: 1.21 } }
  }
  failures {
    metric_key { name: "auc" output_name: "like" is_diff: true }
    metric_threshold { change_threshold { absolute { value: 0.01 } } }
    metric_value { double_value { value: -0.05 } }
  }
}
metric_validations_per_slice {
  slice_key { single_slice_keys { column: "age" int64_value: 30 } }
  failures {
    metric_key { name: "auc" output_name: "like" }
    metric_threshold { value_threshold { lower_bound { value: 0.6 } } }
    metric_value { double_value { value: 0.5 } }
  }
}
missing_slices { feature_keys: "genre" }
"""
LIMITS = {name: {"auc": Limit(low=0.55)} for name in ("seen", "like")}

RANDOM = np.random.default_rng(3)
LABEL = (RANDOM.random(200) < 0.4).astype("float32")
CHANCE = np.round(np.clip(0.3 * LABEL + 0.7 * RANDOM.random(200), 0, 1), 1).astype("float32")


def test_a_binary_task_is_measured_as_scikit_learn_does():
    result = measured(TaskScores("binary", LABEL, CHANCE))
    assert result["auc"] == pytest.approx(roc_auc_score(LABEL, CHANCE))
    assert result["f1"] == pytest.approx(f1_score(LABEL, CHANCE > 0.5))
    assert result["accuracy"] == pytest.approx(((CHANCE > 0.5) == (LABEL > 0)).mean())
    assert result["log_loss"] == pytest.approx(log_loss(LABEL, np.clip(CHANCE, 1e-7, 1 - 1e-7)))


def test_calibration_by_hand():
    positive = np.array([1, 0, 1, 1], bool)
    # Two rows are in the range from .2 on, with one positive; two are at the top, both positive.
    assert calibration_error(positive, np.array([0.2, 0.29, 0.9, 1.0])) == pytest.approx(
        (abs(0.49 - 1) + abs(1.9 - 2)) / 4)
    assert calibration_error(positive, positive.astype(float)) == 0
    assert math.isnan(calibration_error(positive[:0], np.zeros(0)))


@pytest.mark.parametrize(("task", "reason"), [
    (TaskScores("binary", np.array([1.0, 0.0]), np.array([0.1, 0.9])),
     "seen, metric auc 0 is below 0.55"),
    (TaskScores("binary", np.zeros(0), np.zeros(0)), "seen, metric auc nan is below 0.55"),
])
def test_what_is_not_reached_is_a_reason(task, reason):
    outcome = judge({"seen": task}, LIMITS)
    assert (outcome.passed, outcome.reasons) == (False, [reason])


def test_what_is_reached_passes():
    stars = TaskScores("regression", np.array([1.0, 4.0]), np.array([2.0, 1.0]))
    outcome = judge({"like": TaskScores("binary", LABEL, CHANCE), "stars": stars}, LIMITS)
    assert outcome.passed and set(outcome.figures["tasks"]) == {"like", "stars"}
    assert outcome.figures["tasks"]["stars"] == {
        "rmse": pytest.approx(math.sqrt(5)), "mae": pytest.approx(2.0)}


def test_nothing_is_asked_of_a_curve_that_labels_of_one_value_do_not_have():
    outcome = judge({"seen": TaskScores("binary", np.ones(3), np.ones(3))}, LIMITS)
    assert outcome.passed and math.isnan(outcome.figures["tasks"]["seen"]["auc"])


@pytest.fixture
def run(tmp_path):
    """Runs the executor on what an Evaluator or a model wrote; returns the outcome."""

    def run(facts, measured=None, scores=None, validation=None, limits=None, label_limits=None,
            predictions=None, ratio=0.999):
        (tmp_path / "run").mkdir(exist_ok=True)
        (tmp_path / "run" / "summary.json").write_text(json.dumps({"labels": facts}))
        Outcome(True, [], {"predictions": predictions or {}}).save(str(tmp_path / "ranking"), "r")
        inputs = {"model_run": [artifact(standard_artifacts.ModelRun, tmp_path / "run")],
                  "ranking": [artifact(Verdict, tmp_path / "ranking")]}
        if scores is not None:
            WrittenScores(["ann"], ["7"], np.zeros((1, 1), "float32"), scores).save(
                tmp_path / "scores")
            inputs["scores"] = [artifact(Scores, tmp_path / "scores")]
        else:
            _write_validation(tmp_path / "metrics", validation or "validation_ok: true")
            inputs["evaluation_metrics"] = [
                artifact(standard_artifacts.ModelEvaluation, tmp_path / "metrics")]
            inputs["evaluation"] = [artifact(standard_artifacts.ModelBlessing, tmp_path / "tfx",
                                             blessed=int(validation is None))]
            measured = measured or {}
        with mock.patch.object(component, "task_metrics", lambda uri: measured):
            component.Executor().Do(
                inputs, {"verdict": [artifact(Verdict, tmp_path / "verdict")]},
                {"code_digest": "", "max_error_ratio": ratio,
                 "limits": component.written_limits(limits or {}),
                 "label_limits": component.written_limits(label_limits or {})})
        return Outcome.load(str(tmp_path / "verdict"))

    return run


def _write_validation(folder, text):
    import tensorflow as tf
    from tensorflow_model_analysis.proto import validation_result_pb2

    folder.mkdir(exist_ok=True)
    proto = text_format.Parse(text, validation_result_pb2.ValidationResult())
    with tf.io.TFRecordWriter(str(folder / "validations.tfrecord")) as writer:
        writer.write(proto.SerializeToString())


def _fact(test_value=None, **trivial):
    label = {"training_rows": 80, "training_value": test_value, "test_rows": 20,
             "test_value": test_value}
    return {"demanded": True, "labels": {"what": label}, "trivial": trivial,
            "trivial_is": "predicting the training mean", "metrics": {"auc": AREA.facts}}


def test_names_the_metrics_that_the_evaluator_refused(run):
    assert run({}, validation=_VALIDATION).reasons == [
        "rating, metric rmse 1.21 is above 1.1 (slice Overall)",
        "like, metric auc, change against the baseline -0.05 is more than allowed"
        + " (slice Overall)",
        "like, metric auc 0.5 is below 0.6 (slice age=30)",
        "no example fell into the slice genre",
    ]


def test_a_refusal_of_the_evaluator_without_detail_is_still_a_refusal(run, tmp_path):
    [reason] = run({}, validation="validation_ok: false").reasons
    assert reason == f"TFX's Evaluator did not bless the model, see {tmp_path / 'metrics'}"
    (tmp_path / "metrics" / "validations.tfrecord").unlink()
    assert component.evaluator_reasons(str(tmp_path / "metrics")) == [reason]


def test_a_first_model_is_not_refused_for_having_none_before_it(run):
    """A rating has a limit of its change alone, of which TFMA says that no threshold is there."""
    nothing = "validation_ok: false missing_thresholds: true"
    outcome = run({"rating": _fact(rmse=2.5)}, {"rating": {"rmse": 2.0}}, validation=nothing)
    assert outcome.passed and outcome.reasons == [] and outcome.check == "TaskEvaluator"
    assert not run({"rating": _fact(rmse=2.5)}, {"rating": {"rmse": 2.6}},
                   validation=nothing).passed


def test_a_curve_that_labels_of_one_value_do_not_have_refuses_no_model(run):
    facts = {"like": _fact(test_value=1.0)}
    assert run(facts, {"like": {"auc": 0.0}}, validation=_VALIDATION).reasons == [
        "rating, metric rmse 1.21 is above 1.1 (slice Overall)",
        "no example fell into the slice genre"]
    only = _VALIDATION.replace('name: "rmse" output_name: "rating"',
                               'name: "auc" output_name: "like"')
    only = only.replace('missing_slices { feature_keys: "genre" }', "")
    assert run(facts, {"like": {"auc": 0.0}}, validation=only).passed


@pytest.mark.parametrize(("reached", "passed"), [(2.5, False), (2.4, True)])
def test_a_rating_must_be_better_than_the_training_mean_whatever_its_scale(run, reached, passed):
    outcome = run({"rating": _fact(rmse=2.5)}, {"rating": {"rmse": reached}})
    assert outcome.passed is passed and outcome.reasons == ([] if passed else [
        f"rating, metric rmse {reached:g} is more than 0.999 times the 2.5 of predicting the "
        "training mean"])


def test_several_labels_are_not_only_told_from_one_another(run):
    of_one = _fact()["labels"]["what"]
    outcome = run({"kinds": _fact() | {"labels": {"x": of_one, "y": of_one}}},
                  {"kinds": {"auc": 0.95, "auc_0": 0.5, "auc_1": 0.5}},
                  label_limits={"kinds": {"auc": Limit(low=0.55)}})
    assert outcome.reasons == ["kinds, the mean auc of its labels 0.5 is below 0.55"]


def test_what_the_evaluator_has_no_metric_for_is_held_against_the_mean_too(run):
    facts = {"wait": _fact(deviance=0.5)}
    assert run(facts, predictions={"wait": {"deviance": 0.4}}).passed
    assert run(facts).reasons == ["wait, metric deviance was not measured"]


def test_written_predictions_are_held_against_the_training_mean_too(run):
    stars = np.array([1.0, 5.0])
    for predicted, passed in ((stars[::-1], False), (stars, True)):
        outcome = run({"rating": _fact(rmse=3.0)},
                      scores={"rating": TaskScores("regression", stars, predicted)})
        assert outcome.passed is passed and "rmse" in outcome.figures["tasks"]["rating"]
    like = {"like": TaskScores("binary", np.array([1.0, 0.0]), np.array([0.1, 0.9]))}
    assert run({"like": _fact()}, scores=like, limits=LIMITS).reasons == [
        "like, metric auc 0 is below 0.55"]


@pytest.fixture
def written(tmp_path):
    tasks = {"like": TaskScores("binary", LABEL, CHANCE)}
    ranking = np.arange(6, dtype="float32").reshape(2, 3)
    WrittenScores(["ann", "bob"], ["7", "9", "10"], ranking, tasks).save(tmp_path / "scores")
    return tmp_path / "scores"


@dataclass(frozen=True)
class Asked:
    """The ids of some interactions."""

    catalogue: list[str]
    user_ids: list[str]


def test_users_and_items_are_found_by_name(written):
    assert WrittenScores.there(written) and not WrittenScores.there(written.parent)
    np.testing.assert_array_equal(WrittenScores.load(written).tasks["like"].predictions, CHANCE)
    result = open_scorer(str(written), Asked(["10", "7", "9"], ["bob", "zoe", "ann"]))
    (written / "ranking.npz").unlink()  # it was read once, for all that is asked
    assert result.scores(np.array([2, 0])).tolist() == [[2, 0, 1], [5, 3, 4]]


def test_who_is_missing_is_named(written):
    with refuses("scores-incomplete", "lack 1 of", "'zoe'"):
        open_scorer(str(written), Asked(["7"], ["ann", "zoe"])).scores(np.arange(2))
    with refuses("scores-incomplete", "lack 1 of", "'11'"):
        open_scorer(str(written), Asked(["7", "11"], ["ann"]))
