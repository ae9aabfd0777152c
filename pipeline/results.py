"""What a run leaves behind: `metrics.json` and the reports, also when it was stopped."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.task_metrics import add_predicted, of_pairs, task_metrics, unmeasurable
from components.verdict import REASONS, Outcome
from pipeline.config import RunConfig
from pipeline.model_report import CURVES, Section, read_report
from pipeline.nodes import NodeRun, of_type
from pipeline.notes import notes
from pipeline.root import point, write_whole
from trainer.recipe import Recipe


def collect(config: RunConfig, nodes: dict[str, NodeRun], peak_mb: float) -> dict[str, Any]:
    """Gathers a run's figures from its artifacts.

    Args:
      config: The run's configuration.
      nodes: The nodes that ended, by id.
      peak_mb: Peak memory of the process tree, in MiB.

    Returns:
      The content of `metrics.json`; what a stopped run did not reach is missing.
    """
    metrics: dict[str, Any] = {
        "recipe": config.recipe_name, "dataset": config.dataset_name, "split": config.split,
        "seed": config.seed, "blessed": False, "not_blessed_because": [],
        "timings": {name: round(node.seconds, 2) for name, node in nodes.items()},
        "cached": {name: node.cached for name, node in nodes.items()},
        "stages": {name: node.stage for name, node in nodes.items()},
        "peak_rss_mb": round(peak_mb),
    }
    if config.spans.until:
        metrics["spans"] = config.spans.model_dump()
    for evaluation in of_type(nodes, "ModelEvaluation"):
        metrics["tasks"] = by_label(config.recipe, task_metrics(str(evaluation)))
        if before := task_metrics(str(evaluation), of_baseline=True):
            metrics["last_blessed"] = {"tasks": by_label(config.recipe, before)}
    if not config.recipe.served:
        metrics["serving"] = {"skipped": (
            f"a model of the family '{config.recipe.family}' is no SavedModel, so that no server "
            "can load it")}
    _add_verdicts(metrics, [Outcome.load(str(uri)) for uri in of_type(nodes, "tessera.Verdict")],
                  config.checks.reported)
    if predicted := metrics.get("predictions"):
        add_predicted(metrics.setdefault("tasks", {}), predicted)
    for quarantine in of_type(nodes, "tessera.Quarantine"):
        inside = quarantine.is_relative_to(config.root)  # a root may be moved
        metrics["quarantine"] = str(quarantine.relative_to(config.root) if inside else quarantine)
    for run in of_type(nodes, "ModelRun"):
        trained = json.loads((run / "summary.json").read_text(encoding="utf-8"))
        metrics["parameters"] = trained.pop("parameters")
        metrics["labels"] = trained.pop("labels", {})
        metrics["training"] = trained
        _hide_what_is_not_measurable(metrics.get("tasks", {}), metrics["labels"])
    for blessing in of_type(nodes, "ModelBlessing"):
        if (blessing / REASONS).exists():  # TFX's Evaluator blesses too, and has no reasons
            metrics["blessed"] = (blessing / "BLESSED").exists()
            metrics["not_blessed_because"] = json.loads(
                (blessing / REASONS).read_text(encoding="utf-8"))
    if remarks := notes(metrics):
        metrics["notes"] = remarks
    return metrics


def _add_verdicts(metrics: dict[str, Any], outcomes: Sequence[Outcome],
                  reported: Sequence[str]) -> None:
    """Adds each check's verdict by its name, and its figures; a key that is taken gets the name."""
    metrics["checks"] = {
        one.check: {"passed": one.passed, "reasons": one.reasons,
                    "blesses": one.check not in reported} for one in outcomes}
    for one in outcomes:
        metrics |= {f"{one.check}.{key}" if key in metrics else key: value
                    for key, value in one.figures.items()}


def _hide_what_is_not_measurable(tasks: dict[str, Any], labels: dict[str, Any]) -> None:
    """Replaces metrics that labels of one value do not have, such as an area, by `None`."""
    for name, key in unmeasurable(labels):
        if key in tasks.get(name, {}):
            tasks[name][key] = None
    for name, fact in labels.items():
        for of_each in (tasks.get(name, {}).get(f"{key}_by_label", {}) for key in of_pairs(fact)):
            of_each |= {label: None for label in of_each
                        if fact["labels"][label]["test_value"] is not None}


def write(folder: Path, metrics: dict[str, Any], nodes: dict[str, NodeRun]) -> None:
    """Writes a run's metrics and data report and points `latest` at its folder.

    Args:
      folder: `<root>/runs/<run id>`.
      metrics: The content of `metrics.json`.
      nodes: The nodes that ended, by id.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for report in of_type(nodes, "tessera.DataReport"):
        for name in ("data_report.html", "data_report.json"):
            write_whole(folder / name, (report / name).read_bytes())
    text = json.dumps(finite(metrics), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(folder / "metrics.json", text.encode())
    point(folder.with_name("latest"), folder.name)


def write_model_report(folder: Path, metrics: dict[str, Any], nodes: dict[str, NodeRun],
                       sections: Sequence[Section]) -> None:
    """Writes the curves and the page about a run's model.

    Args:
      folder: `<root>/runs/<run id>`.
      metrics: The content of `metrics.json`.
      nodes: The nodes that ended, by id; one has a `ModelRun`.
      sections: Further sections of the page.
    """
    curves = of_type(nodes, "ModelRun")[-1] / CURVES
    if curves.exists():
        write_whole(folder / CURVES, curves.read_bytes())
    recorded = of_type(nodes, "tessera.Predictions")
    predictions = recorded[-1] / "predictions.json" if recorded else None
    page = read_report(finite(metrics), curves, predictions, sections)
    write_whole(folder / "model_report.html", page.encode())


def by_label(recipe: Recipe, tasks: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Gathers a metric of each label apart, `auc_0` and so on, under the labels' names."""
    named: dict[str, Any] = {name: dict(figures) for name, figures in tasks.items()}
    for name, key in ((name, metric.key) for name, task in recipe.tasks.items()
                      for metric in task.kind.apart if name in named):
        named[name][f"{key}_by_label"] = {
            label: named[name].pop(f"{key}_{place}", None)
            for place, label in enumerate(recipe.tasks[name].targets)}
    return named


def confusions(uri: str) -> dict[str, list[dict[str, float]]]:
    """Reads the model's own overall confusions of each binary task from TFMA's results.

    Args:
      uri: Folder of a `ModelEvaluation`.

    Returns:
      By task, ascending by `threshold`: weights of true and false positives and negatives (`tp`,
      `fp`, `tn`, `fn`).
    """
    import tensorflow_model_analysis as tfma

    tasks: dict[str, list[dict[str, float]]] = {}
    for record in tfma.load_plots(uri):
        if record.slice_key.single_slice_keys:
            continue
        for item in record.plot_keys_and_values:
            if item.key.model_name == tfma.BASELINE_KEY:
                continue
            matrices = item.value.confusion_matrix_at_thresholds.matrices
            if matrices:
                tasks[item.key.output_name] = [
                    {"threshold": m.threshold, "tp": m.true_positives, "fp": m.false_positives,
                     "tn": m.true_negatives, "fn": m.false_negatives} for m in matrices]
    return tasks


def finite(value: Any) -> Any:
    """Replaces NaN and infinities, which JSON lacks, by null."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
