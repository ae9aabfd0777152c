import json

import pytest
from artifacts import artifact
from google.protobuf import text_format
from tfx.types import standard_artifacts

from components.artifacts import Verdict
from components.gate import component
from components.task_metrics import written_limits
from components.verdict import Outcome
from trainer.tasks.kind import Limit
from trainer.tasks.probability import AREA

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
_PASSED = Outcome(True)


@pytest.fixture
def run_gate(tmp_path):
    """Runs the executor on verdicts; returns the blessing."""

    def run(evaluator=1, ranking=_PASSED, server=_PASSED, validation=None, predictions=None,
            labels=None, ratio=0.999, reported=(), limits=None):
        model = artifact(standard_artifacts.Model, tmp_path / "model")
        model.id = 7
        evaluation = artifact(standard_artifacts.ModelBlessing, tmp_path / "evaluation",
                              blessed=evaluator or 0)
        metrics = artifact(standard_artifacts.ModelEvaluation, tmp_path / "metrics")
        if validation:
            _write_validation(tmp_path / "metrics", validation)
        inputs = {"model": [model], "evaluation": [evaluation], "evaluation_metrics": [metrics]}
        if evaluator is None:
            inputs = {"model": [model]}
        given = {"ranking": ranking, "server": server, "predictions": predictions}
        inputs["verdicts"] = []
        for name, outcome in ((n, o) for n, o in given.items() if o is not None):
            outcome.save(str(tmp_path / name), name)
            inputs["verdicts"].append(artifact(Verdict, tmp_path / name))
        given = {"code_digest": "", "max_error_ratio": ratio, "reported": json.dumps(reported),
                 "label_limits": written_limits(limits or {}), "checks": "[]"}
        if labels is not None:
            (tmp_path / "summary.json").write_text(json.dumps({"labels": labels}))
            inputs["model_run"] = [artifact(standard_artifacts.ModelRun, tmp_path)]
        blessing = artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing")
        component.Executor().Do(inputs, {"blessing": [blessing]}, given)
        return blessing

    return run


def _write_validation(folder, text):
    import tensorflow as tf
    from tensorflow_model_analysis.proto import validation_result_pb2

    folder.mkdir()
    proto = text_format.Parse(text, validation_result_pb2.ValidationResult())
    with tf.io.TFRecordWriter(str(folder / "validations.tfrecord")) as writer:
        writer.write(proto.SerializeToString())


def _reasons(tmp_path):
    return json.loads((tmp_path / "blessing" / "reasons.json").read_text())


def test_blesses_a_model_that_passed_every_check(run_gate, tmp_path):
    blessing = run_gate()
    assert {p.name for p in (tmp_path / "blessing").iterdir()} == {"BLESSED", "reasons.json"}
    assert _reasons(tmp_path) == []
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_int_custom_property("current_model_id") == 7
    assert blessing.get_string_custom_property("current_model") == str(tmp_path / "model")


def test_a_recipe_with_retrieval_alone_is_judged_by_ranking_and_server(run_gate, tmp_path):
    assert run_gate(evaluator=None).get_int_custom_property("blessed") == 1
    run_gate(evaluator=None, ranking=Outcome(False, ["ndcg@10 is low."]))
    assert _reasons(tmp_path) == ["ranking: ndcg@10 is low."]
    blessing = run_gate(evaluator=None, ranking=Outcome(False, ["low"]), reported=["ranking"])
    assert blessing.get_int_custom_property("blessed") == 1 and _reasons(tmp_path) == []


def test_refuses_with_the_reasons_of_every_failed_check(run_gate, tmp_path):
    blessing = run_gate(
        ranking=Outcome(False, ["ndcg@10 0.05 is below popularity's 0.08."]),
        server=Outcome(False, []))
    assert {p.name for p in (tmp_path / "blessing").iterdir()} == {"NOT_BLESSED", "reasons.json"}
    assert blessing.get_int_custom_property("blessed") == 0
    assert blessing.get_int_custom_property("current_model_id") == 7
    assert _reasons(tmp_path) == [
        "ranking: ndcg@10 0.05 is below popularity's 0.08.",
        "server: failed without giving a reason"]


def test_names_the_metrics_that_the_evaluator_refused(run_gate, tmp_path):
    run_gate(evaluator=0, validation=_VALIDATION)
    assert _reasons(tmp_path) == [
        "Evaluator: rating, metric rmse 1.21 is above 1.1 (slice Overall)",
        "Evaluator: like, metric auc, change against the baseline -0.05 is more than allowed"
        + " (slice Overall)",
        "Evaluator: like, metric auc 0.5 is below 0.6 (slice age=30)",
        "Evaluator: no example fell into the slice genre",
    ]


@pytest.mark.parametrize("validation", [None, "validation_ok: false"])
def test_an_evaluator_refusal_without_detail_is_still_a_refusal(run_gate, tmp_path, validation):
    blessing = run_gate(evaluator=0, validation=validation)
    assert blessing.get_int_custom_property("blessed") == 0
    assert _reasons(tmp_path) == [f"Evaluator: did not bless the model, see {tmp_path / 'metrics'}"]


def _fact(test_value=None, **trivial):
    label = {"training_rows": 80, "training_value": test_value, "test_rows": 20,
             "test_value": test_value}
    return {"demanded": True, "labels": {"what": label}, "trivial": trivial,
            "trivial_is": "predicting the training mean", "metrics": {"auc": AREA.facts}}


def test_a_curve_that_labels_of_one_value_do_not_have_refuses_no_model(
        run_gate, tmp_path, monkeypatch):
    monkeypatch.setattr(component, "task_metrics", lambda uri: {"like": {"auc": 0.0}})
    run_gate(evaluator=0, validation=_VALIDATION, labels={"like": _fact(test_value=1.0)})
    assert _reasons(tmp_path) == [
        "Evaluator: rating, metric rmse 1.21 is above 1.1 (slice Overall)",
        "Evaluator: no example fell into the slice genre"]
    only = _VALIDATION.replace('name: "rmse" output_name: "rating"',
                               'name: "auc" output_name: "like"')
    only = only.replace('missing_slices { feature_keys: "genre" }', "")
    (tmp_path / "metrics" / "validations.tfrecord").unlink()
    (tmp_path / "metrics").rmdir()
    (tmp_path / "blessing" / "NOT_BLESSED").unlink()
    blessing = run_gate(evaluator=0, validation=only, labels={"like": _fact(test_value=1.0)})
    assert _reasons(tmp_path) == []
    assert blessing.get_int_custom_property("blessed") == 1


@pytest.mark.parametrize(("reached", "blessed"), [(2.5, 0), (2.4, 1)])
def test_a_rating_must_be_better_than_the_training_mean_whatever_its_scale(
        run_gate, tmp_path, monkeypatch, reached, blessed):
    monkeypatch.setattr(component, "task_metrics", lambda uri: {"rating": {"rmse": reached}})
    labels = {"rating": _fact(rmse=2.5)}
    assert run_gate(labels=labels).get_int_custom_property("blessed") == blessed
    message = ([] if blessed else [
        f"Gate: rating, metric rmse {reached:g} is more than 0.999 times the 2.5 of predicting the "
        "training mean"])
    assert _reasons(tmp_path) == message


def test_several_labels_are_not_only_told_from_one_another(run_gate, tmp_path, monkeypatch):
    result = {"kinds": {"auc": 0.95, "auc_0": 0.5, "auc_1": 0.5}}
    monkeypatch.setattr(component, "task_metrics", lambda uri: result)
    of_one = _fact()["labels"]["what"]
    run_gate(labels={"kinds": _fact() | {"labels": {"x": of_one, "y": of_one}}},
             limits={"kinds": {"auc": Limit(low=0.55)}})
    assert _reasons(tmp_path) == ["Gate: kinds, the mean auc of its labels 0.5 is below 0.55"]


def test_written_predictions_are_held_against_the_training_mean_too(run_gate, tmp_path):
    given = {"evaluator": None, "server": None, "labels": {"rating": _fact(rmse=30.0)}}
    for rmse, passed in ((30.0, 0), (20.0, 1)):
        result = Outcome(True, [], {"tasks": {"rating": {"rmse": rmse}}})
        assert run_gate(**given, predictions=result).get_int_custom_property("blessed") == passed
    run_gate(**given, predictions=Outcome(False, ["auc 0.5"], result.figures))
    assert _reasons(tmp_path) == ["predictions: auc 0.5"]
