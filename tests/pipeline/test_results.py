"""What a run leaves behind, put together from made-up artifacts."""

import json
from pathlib import Path

import pytest
import tensorflow_model_analysis as tfma
import yaml

from components.verdict import Outcome
from pipeline import results
from pipeline.config import load_config
from pipeline.nodes import NodeRun
from trainer.tasks.probability import AREA


@pytest.fixture
def config(tmp_path):
    return load_config(None, dataset="demo", root=tmp_path, seed=5)


TYPES = {"evaluation": "ModelEvaluation", "verdict": "tessera.Verdict", "model_run": "ModelRun",
         "blessing": "ModelBlessing", "report": "tessera.DataReport"}


def node(name: str, folder: Path | None = None, key: str = "", cached: bool = False) -> NodeRun:
    return NodeRun(name, cached, 1.234, "model", {key: str(folder)} if folder else {},
                   {key: TYPES[key]} if folder else {})


@pytest.fixture
def measured(monkeypatch):
    """Makes TFMA's results of (slice, task, metric, value) rows and properties of the keys."""

    def make(rows):
        records = []
        for where, task, metric, value, *properties in rows:
            record = tfma.proto.metrics_for_slice_pb2.MetricsForSlice()
            if where:
                record.slice_key.single_slice_keys.add(column=where, int64_value=1)
            item = record.metric_keys_and_values.add()
            item.key.name, item.key.output_name = metric, task
            for name, given in properties:
                if name == "sub_key":
                    item.key.sub_key.class_id.value = given
                else:
                    setattr(item.key, name, given)
            if value is not None:
                item.value.double_value.value = value
            records.append(record)
        monkeypatch.setattr(tfma, "load_metrics", lambda uri: records)

    return make


def tasks(config):
    return results.collect(config, {"Evaluator": node("Evaluator", Path("x"), "evaluation")},
                           0.0)["tasks"]


def test_a_run_that_reached_nothing(config):
    metrics = results.collect(config, {}, 123.4)
    assert metrics == {
        "recipe": "flagship", "dataset": "demo", "split": "u80", "seed": 5, "blessed": False,
        "not_blessed_because": [], "timings": {}, "cached": {}, "peak_rss_mb": 123,
        "stages": {}, "checks": {}}


def test_task_metrics_are_the_overall_ones_by_our_names(config, measured):
    measured([
        ("", "rating", "rmse", 0.9), ("", "rating", "mae", 0.7),
        ("genre", "rating", "rmse", 9.0),
        ("", "like", "auc", 0.8), ("", "like", "accuracy", 0.75),
        ("", "like", "precision", 0.5), ("", "like", "recall", 0.25),
        ("", "like", "plot", None),
    ])
    result = tasks(config)
    assert result["rating"] == {"rmse": 0.9, "mae": 0.7}
    assert result["like"] == {"auc": 0.8, "accuracy": 0.75, "precision": 0.5, "recall": 0.25}


def test_the_last_blessed_model_s_metrics_are_beside_the_model_s(config, measured):
    measured([("", "like", "auc", 0.8, ("model_name", "candidate")),
              ("", "like", "auc", 0.7, ("model_name", tfma.BASELINE_KEY)),
              ("", "like", "auc", 0.1, ("model_name", "candidate"), ("is_diff", True))])
    nodes = {"Evaluator": node("Evaluator", Path("x"), "evaluation")}
    metrics = results.collect(config, nodes, 0.0)
    assert metrics["tasks"] == {"like": {"auc": 0.8}}
    assert metrics["last_blessed"] == {"tasks": {"like": {"auc": 0.7}}}


def test_several_labels_are_told_apart_by_name(tmp_path, measured):
    recipe = tmp_path / "moods.yaml"
    recipe.write_text(yaml.safe_dump({"description": "d", "tasks": {
        "find": {"head": "retrieval"},
        "feels": {"head": "multi_label", "labels": ["joy", "fear"]}}}))
    measured([("", "feels", "auc", 0.7), ("", "feels", "auc", 0.8, ("sub_key", 1)),
              ("", "feels", "auc", 0.6, ("sub_key", 0)),
              ("", "mood", "cross_entropy", 1.5)])
    result = tasks(load_config(None, dataset="demo", root=tmp_path, recipe=str(recipe)))
    assert result["feels"] == {"auc": 0.7, "auc_by_label": {"joy": 0.6, "fear": 0.8}}
    assert result["mood"] == {"cross_entropy": 1.5}


def test_a_model_that_is_not_served_says_so(tmp_path):
    config = load_config(None, dataset="demo", root=tmp_path, recipe="feature_union_forest")
    figures = {"tasks": {"like": {"auc": 0.7}}}
    Outcome(True, [], figures).save(str(tmp_path / "verdict"), "TaskEvaluator")
    metrics = results.collect(config, {
        "TaskEvaluator": node("TaskEvaluator", tmp_path / "verdict", "verdict")}, 0.0)
    assert metrics["tasks"] == figures["tasks"]
    assert metrics["serving"] == {"skipped": "a model of the family 'forest' is no SavedModel, so "
                                             "that no server can load it"}


def test_figures_of_every_check_and_the_gate_s_reasons(config, tmp_path):
    Outcome(True, [], {"ranking": {"mrr": 0.5}, "baselines": {"ease": {"mrr": 0.4}}}).save(
        str(tmp_path / "ranking"), "RankingEvaluator")
    Outcome(False, ["slow"], {"serving": {"p50_ms": 2.0}, "ranking": 3}).save(
        str(tmp_path / "server"), "ServerValidator")
    blessing, run = tmp_path / "blessing", tmp_path / "run"
    blessing.mkdir()
    run.mkdir()
    (blessing / "NOT_BLESSED").touch()
    (blessing / "reasons.json").write_text('["too slow"]')
    (run / "summary.json").write_text('{"parameters": 7, "epochs": 2}')
    metrics = results.collect(config, {
        "RankingEvaluator": node("RankingEvaluator", tmp_path / "ranking", "verdict"),
        "ServerValidator": node("ServerValidator", tmp_path / "server", "verdict"),
        "Trainer": node("Trainer", run, "model_run"),
        "Gate": node("Gate", blessing, "blessing"),
    }, 0.0)
    assert (metrics["ranking"], metrics["baselines"]) == ({"mrr": 0.5}, {"ease": {"mrr": 0.4}})
    assert metrics["serving"] == {"p50_ms": 2.0} and metrics["ServerValidator.ranking"] == 3
    assert metrics["checks"] == {
        "RankingEvaluator": {"passed": True, "reasons": [], "blesses": True},
        "ServerValidator": {"passed": False, "reasons": ["slow"], "blesses": True}}
    assert (metrics["parameters"], metrics["training"]) == (7, {"epochs": 2})
    assert (metrics["blessed"], metrics["not_blessed_because"]) == (False, ["too slow"])
    (blessing / "NOT_BLESSED").rename(blessing / "BLESSED")
    assert results.collect(config, {"Gate": node("Gate", blessing, "blessing")}, 0.0)["blessed"]


def test_a_curve_of_a_label_of_one_value_is_null_and_the_reason_is_a_note(
        config, measured, tmp_path):
    measured([("", "like", "auc", 0.0), ("", "like", "accuracy", 1.0)])
    seen = {"training_rows": 80, "training_value": 1.0, "test_rows": 20, "test_value": 1.0}
    facts = {"like": {"demanded": True, "labels": {"like": seen}, "trivial": {},
                      "metrics": {"auc": AREA.facts}}}
    (tmp_path / "summary.json").write_text(json.dumps({"parameters": 7, "labels": facts}))
    metrics = results.collect(config, {
        "Evaluator": node("Evaluator", Path("x"), "evaluation"),
        "Trainer": node("Trainer", tmp_path, "model_run")}, 0.0)
    assert metrics["tasks"]["like"] == {"auc": None, "accuracy": 1.0}
    assert metrics["labels"] == facts
    (note,) = metrics["notes"]
    assert note["code"] == "constant_label" and "not measurable" in note["text"]


def test_metrics_are_strict_json(tmp_path):
    infinite = {"a": {"b": [float("nan"), 1.5]}, "c": float("-inf"), "é": "日本"}
    results.write(tmp_path / "runs" / "one", infinite, {})
    text = (tmp_path / "runs" / "one" / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": {"b": [None, 1.5]}, "c": None, "é": "日本"}
    assert "日本" in text


def test_latest_is_the_run_that_ended_last(config):
    runs = config.root / "runs"
    for name in ("one", "two"):
        results.write(runs / name, {"seed": 5}, {})
        assert (runs / "latest").resolve() == (runs / name).resolve()
