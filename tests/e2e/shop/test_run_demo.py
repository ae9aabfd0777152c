"""A whole run on the demo shop, and the same run again: the contract of what they leave behind."""

import json
import math
import re
from collections.abc import Iterator

import pytest

from pipeline.lineage import lineage_of
from schemas import SIDES
from serving.model_config import require_versions

COMPONENTS = {
    "CatalogGen", *(f"{name}.{side}" for side in SIDES for name in (
        "ImportSchemaGen", "StatisticsGen", "ExampleValidator", "Transform")),
    "DataProfiler", "past_data", "DataValidator", "DataReport", "DataGate",
    "Trainer", "Exporter", "baseline_model", "Evaluator",
    "RankingEvaluator", "TaskEvaluator", "ServerValidator", "ContentEvaluator", "Gate", "ModelCard",
    "Pusher",
}
RANKING = {"ndcg@10", "recall@20", "hr@10", "mrr", "coverage@10", "users"}
CONTRACT = {
    "": {"recipe", "dataset", "split", "seed", "blessed", "not_blessed_because", "tasks",
         "ranking", "baselines", "serving", "timings", "cached", "peak_rss_mb", "parameters"},
    "tasks": {"rating", "like"},
    "tasks.rating": {"rmse", "mae"},
    "tasks.like": {"auc", "accuracy", "precision", "recall", "f1"},
    "ranking": RANKING,
    "baselines": {"popularity", "ease", "ials"},
    "baselines.popularity": RANKING,
    "baselines.ease": RANKING,
    "unseen": {"candidates"},
    "cold_items": {"items", "users", "recall@50", "ndcg@10"},
    "cold_items.baselines": {"random", "content-popularity", "content-knn", "content-ridge"},
    "cold_items.baselines.content-ridge": {"recall@50", "ndcg@10"},
    "serving": {"max_abs_diff", "p50_ms", "p99_ms"},
    "timings": COMPONENTS,
    "cached": COMPONENTS,
}


def figures(tree: object, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from figures(value, f"{path}.{key}")
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from figures(value, f"{path}.{place}")
    elif not isinstance(tree, str):
        yield path, tree


@pytest.mark.parametrize("path", CONTRACT)
def test_metrics_hold_the_contract(first, path):
    part = first.metrics
    for key in filter(None, path.split(".")):
        part = part[key]
    assert CONTRACT[path] <= part.keys()


def test_every_figure_is_a_finite_number(first):
    result = dict(figures(first.metrics))
    assert len(result) > 60
    bad = {path: value for path, value in result.items()
           if not path.endswith("_value")  # a label's only one; it has several
           and path != ".data.past"  # a first run is compared with none
           and (value is None or not math.isfinite(value))}
    assert not bad


def test_the_run_says_what_it_was(first):
    metrics = first.metrics
    assert {key: metrics[key] for key in ("recipe", "dataset", "split", "seed")} == {
        "recipe": "small", "dataset": "demo", "split": "u80", "seed": 1}
    assert metrics["cached"].keys() == COMPONENTS == metrics["timings"].keys()
    assert not any(metrics["cached"].values())
    assert metrics["ranking"]["ndcg@10"] > metrics["baselines"]["popularity"]["ndcg@10"] > 0
    assert 0.3 < metrics["tasks"]["rating"]["mae"] <= metrics["tasks"]["rating"]["rmse"] < 2
    assert metrics["ablation"]["none"]["rating_rmse"] == pytest.approx(
        metrics["tasks"]["rating"]["rmse"], rel=1e-3)
    assert 0 < metrics["serving"]["p50_ms"] <= metrics["serving"]["p99_ms"]


def test_a_good_model_is_pushed(first, project):
    assert (first.code, first.metrics["blessed"]) == (0, True)
    assert first.metrics["not_blessed_because"] == []
    require_versions(project.served)
    assert len(project.pushed()) == 1
    assert str(project.served) in first.output
    assert "baseline_model" not in first.inputs("Evaluator")


def test_the_pushed_model_has_its_card_and_lineage(first, project):
    lineage = lineage_of(project.root, "latest")
    assert lineage["run_id"] == lineage["model"]["run_id"] == first.folder.name
    assert (lineage["parent"], lineage["seed"]) == (None, 1)
    assert len(lineage["data"]["fingerprint"]) == 32
    assert lineage["data"]["first_event"] < lineage["data"]["last_event"]
    card = (project.served / str(*project.pushed()) / "assets.extra" / "model_card.md").read_text()
    assert f"| ndcg@10 | {first.metrics['ranking']['ndcg@10']:.4f} |" in card
    assert f"| like | auc | {first.metrics['tasks']['like']['auc']:.4f} |" in card


def test_one_line_a_component_and_the_paths(first):
    lines = first.output.splitlines()
    status = [re.fullmatch(r"(\S+) +(ran|cached) +[\d.]+ s", line) for line in lines]
    assert {match[1] for match in status if match} == COMPONENTS
    assert f"Data report: {first.folder / 'data_report.html'}" in lines
    assert f"Model report: {first.folder / 'model_report.html'}" in lines
    assert f"Metrics:     {first.folder / 'metrics.json'}" in lines


def test_latest_is_a_link_to_the_run(first, again, project):
    link = project.root / "runs" / "latest"
    assert link.is_symlink() and not link.readlink().is_absolute()
    assert {p.name for p in first.folder.iterdir()} == {
        "metrics.json", "data_report.html", "data_report.json", "model_report.html", "curves.json"}
    assert again.folder != first.folder


def test_the_report_counts_every_row(first):
    report = json.loads((first.folder / "data_report.json").read_text(encoding="utf-8"))
    counts = report["counts"]["counts"]
    for side, rows in (("users", 60), ("items", 100), ("interactions", 1800)):
        assert counts[side] == {"read": rows, "kept": rows, "quarantined": 0}
    assert sum(counts["splits"].values()) == 1800 and min(counts["splits"].values()) > 0
    assert report["verdict"]["verdict"] == "OK" == first.metrics["data"]["verdict"]
    assert [one["check"] for one in report["verdict"]["findings"]] == ["no_past"]


def test_the_reports_have_every_part_and_need_no_network(first):
    page, data = ((first.folder / f"{name}_report.html").read_text(encoding="utf-8")
                  for name in ("model", "data"))
    assert "data:image/" in data
    for section in ("ranking", "unseen", "tasks", "curves", "weights", "predictions", "steps"):
        assert f'<section id="{section}">' in page, section
    assert not re.search(
        r"""(src|href)\s*=\s*["']?(https?:)?//|url\(["']?https?:|@import""", page + data)
    curves = json.loads((first.folder / "curves.json").read_text(encoding="utf-8"))
    for task in ("retrieval", "rating", "like"):
        assert len(curves["first"][f"{task}_loss"]) == len(
            curves["first"]["validation_ndcg@10"]) == len(
            first.metrics["training"]["validation_ndcg@10"])
        assert len(curves["second"][f"{task}_loss"]) == first.metrics["training"]["epochs"]


def test_an_unchanged_run_does_nothing_twice(first, again, project):
    assert again.code == 0
    assert again.ran() == set()
    assert again.metrics["cached"].keys() == COMPONENTS
    assert len(project.pushed()) == 1
    assert again.seconds < 60
    assert again.inputs("Evaluator") == first.inputs("Evaluator")


def test_an_unchanged_run_has_the_same_results(first, again):
    def without_measurements(run):
        skipped = ("timings", "cached", "peak_rss_mb")
        return {key: value for key, value in run.metrics.items() if key not in skipped}

    assert without_measurements(again) == without_measurements(first)
    for name in ("data_report.html", "data_report.json"):
        assert (again.folder / name).read_bytes() == (first.folder / name).read_bytes()
