import json

import pytest
from refusals import refuses

from components.verdict import Outcome
from pipeline.kubeflow import shown
from pipeline.kubeflow.launch import NodeOutcome
from pipeline.kubeflow.shown import Shown, classification, show

URI = "minio://bucket/v2/artifacts/run/step/{}"


@pytest.fixture
def kubeflow(tmp_path):
    """Kubeflow's side of a step with some outputs."""

    def build(*keys):
        artifacts = {key: {"artifacts": [{
            "name": key, "uri": URI.format(key), "type": {"schemaTitle": "system.Metrics"},
            "metadata": {}}]} for key in keys}
        # An extra output of newer servers, which is none of ours.
        artifacts["executor-logs"] = {"artifacts": [{"uri": URI.format("executor-logs")}]}
        given = {"outputs": {"artifacts": artifacts,
                             "outputFile": str(tmp_path / "out" / "executor_output.json")}}
        return given, {key: str(tmp_path / "minio" / key) for key in keys}

    return build


def shown_of(kubeflow, outcome, *keys):
    given, paths = kubeflow(*keys)
    shown = Shown.read(given, paths)
    shown.require_writable()
    show(shown, outcome)
    message = json.loads(shown.output_file.read_text(encoding="utf-8"))["artifacts"]
    assert message.keys() == set(keys)
    for key in keys:
        (entry,) = message[key]["artifacts"]
        assert entry["uri"] == URI.format(key), "another URI would lose the file"
    return {key: message[key]["artifacts"][0]["metadata"] for key in keys}, shown.paths


def test_the_data_report_is_a_page(kubeflow, tmp_path):
    (tmp_path / "data_report.html").write_text("<html>report</html>")
    outcome = NodeOutcome(uris={"report": [str(tmp_path)]}, types={"report": "tessera.DataReport"})
    metadata, paths = shown_of(kubeflow, outcome, "data_report")
    assert metadata == {"data_report": {}}
    assert paths["data_report"].read_text() == "<html>report</html>"


def test_a_verdicts_figures_are_metrics(kubeflow, tmp_path):
    Outcome(False, ["too slow"], {"p99_ms": 12.5, "ranking": {"ndcg@10": 0.2, "bad": float("nan")},
                                  "note": "text"}).save(str(tmp_path), "Speed")
    outcome = NodeOutcome(uris={"verdict": [str(tmp_path)]}, types={"verdict": "tessera.Verdict"})
    metadata, paths = shown_of(kubeflow, outcome, "figures")
    assert metadata["figures"] == {"passed": 0.0, "p99_ms": 12.5, "ranking/ndcg@10": 0.2}
    assert json.loads(paths["figures"].read_text())["reasons"] == ["too slow"]


@pytest.mark.parametrize(("pushed", "text"), [
    ("/tessera/serving/demo/17", "/tessera/serving/demo/17\n"), (None, "Not pushed")])
def test_where_the_model_was_pushed(kubeflow, pushed, text):
    metadata, paths = shown_of(kubeflow, NodeOutcome(pushed=pushed), "pushed_model")
    assert metadata["pushed_model"] == {"pushed": "true" if pushed else "false",
                                        "location": pushed or ""}
    assert paths["pushed_model"].read_text().startswith(text)


def test_a_curve_and_a_matrix():
    points = [{"threshold": -1e-7, "tp": 4, "fp": 6, "tn": 0, "fn": 0},
              {"threshold": 0.49, "tp": 3, "fp": 2, "tn": 4, "fn": 1},
              {"threshold": 1.0000001, "tp": 0, "fp": 0, "tn": 6, "fn": 4}]
    result = classification(points)
    assert result["confidenceMetrics"] == [
        {"confidenceThreshold": 0.0, "recall": 1.0, "falsePositiveRate": 1.0},
        {"confidenceThreshold": 0.49, "recall": 0.75, "falsePositiveRate": 2 / 6},
        {"confidenceThreshold": 1.0, "recall": 0.0, "falsePositiveRate": 0.0}]
    assert result["confusionMatrix"]["rows"] == [{"row": [4, 2]}, {"row": [1, 3]}]


def test_an_entry_that_kubeflow_did_not_give_and_a_place_that_cannot_be_written(kubeflow):
    given, _ = kubeflow("metrics")
    with refuses("bad-executor-input", "data_report"):
        Shown.read(given, {"data_report": "/x"})
    with refuses("output-not-written", "metrics"):
        Shown.read(given, {"metrics": "/dev/null/metrics"}).require_writable()


def points(positives: float, negatives: float) -> list[dict[str, float]]:
    return [{"threshold": t, "tp": positives * (t < 1), "fn": positives * (t == 1),
             "fp": negatives * (t < 1), "tn": negatives * (t == 1)} for t in (0, 1)]


def test_a_task_of_one_class_has_no_area_and_no_curve(kubeflow, monkeypatch):
    monkeypatch.setattr(shown, "task_metrics", lambda uri: {
        name: {"auc": 0.0, "accuracy": 1.0} for name in ("all", "none", "rows", "some")})
    monkeypatch.setattr(shown, "confusions", lambda uri: {
        "all": points(9, 0), "none": points(0, 9), "rows": points(0, 0), "some": points(3, 6)})
    outcome = NodeOutcome(uris={"evaluation": ["/e"]}, types={"evaluation": "ModelEvaluation"})
    metadata, paths = shown_of(kubeflow, outcome, "metrics", "classification")
    assert {key for key in metadata["metrics"] if key.endswith("/auc")} == {"some/auc"}
    assert json.loads(paths["classification"].read_text())["task"] == "some"
