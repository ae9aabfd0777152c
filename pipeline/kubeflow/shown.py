"""What Kubeflow's interface shows of a step: artifacts of its own types, written beside TFX's.

Kubeflow hands a step its ExecutorInput and takes an ExecutorOutput, which repeats each artifact's
entry with metadata added. The entry's URI must stay as it was: another one would say to Kubeflow
that the artifact is elsewhere already, and the file would silently not be uploaded.
"""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.task_metrics import task_metrics
from components.verdict import Outcome
from pipeline.kubeflow.launch import NodeOutcome
from pipeline.results import confusions
from schemas import InputError
from trainer.tasks import TASK_KINDS


@dataclass(frozen=True)
class Shown:
    """The artifacts that a step is to show.

    Attributes:
      paths: Where each artifact's file belongs, by key.
      entries: Kubeflow's entry of each artifact, by key.
      output_file: Where the ExecutorOutput belongs.
    """

    paths: dict[str, Path]
    entries: dict[str, dict[str, Any]]
    output_file: Path | None

    @staticmethod
    def read(executor_input: dict[str, Any], paths: dict[str, str]) -> "Shown":
        """Reads what Kubeflow expects.

        Args:
          executor_input: The ExecutorInput.
          paths: Where each artifact's file belongs, by key.

        Raises:
          InputError: It is incomplete.
        """
        outputs = executor_input.get("outputs", {})
        artifacts = outputs.get("artifacts", {})
        missing = [key for key in paths if not artifacts.get(key, {}).get("artifacts")]
        if missing or (paths and "outputFile" not in outputs):
            raise InputError(
                "bad-executor-input",
                f"Kubeflow's executor input lacks {', '.join([*missing]) or 'outputFile'}: pass "
                "the placeholder {{$}} to --executor-input, as the compiled file does.")
        return Shown({key: Path(path) for key, path in paths.items()},
                     {key: artifacts[key]["artifacts"][0] for key in paths},
                     Path(outputs["outputFile"]) if "outputFile" in outputs else None)

    def require_writable(self) -> None:
        """Makes the folders of all files.

        Raises:
          InputError: One cannot be written to.
        """
        for path in [*self.paths.values(), *([self.output_file] if self.output_file else [])]:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a", encoding="utf-8"):
                    pass
            except OSError as error:
                raise InputError(
                    "output-not-written",
                    f"Cannot write {path}, where Kubeflow expects an output of this step: "
                    f"{error.strerror}. Give its pipeline root to the image's user."
                ) from error


def show(shown: Shown, outcome: NodeOutcome) -> None:
    """Writes each artifact's file and the ExecutorOutput.

    Args:
      shown: What is to be shown.
      outcome: What became of the node.
    """
    written = {}
    for key, path in shown.paths.items():
        metadata = _WRITERS[key](outcome, path)
        written[key] = {"artifacts": [{**shown.entries[key], "metadata": _finite(metadata)}]}
    if shown.output_file is not None:
        shown.output_file.write_text(json.dumps({"artifacts": written}, allow_nan=False),
                                     encoding="utf-8")


def _data_report(outcome: NodeOutcome, path: Path) -> dict[str, Any]:
    shutil.copyfile(Path(outcome.of_type("tessera.DataReport")) / "data_report.html", path)
    return {}


def _figures(outcome: NodeOutcome, path: Path) -> dict[str, Any]:
    verdict = Outcome.load(outcome.of_type("tessera.Verdict"))
    figures = {"passed": float(verdict.passed), **flat(verdict.figures)}
    _write(path, {"passed": verdict.passed, "reasons": verdict.reasons, **figures})
    return figures


def _metrics(outcome: NodeOutcome, path: Path) -> dict[str, Any]:
    uri = outcome.of_type("ModelEvaluation")
    tasks = task_metrics(uri)
    for task in set(tasks) & set(matrices := confusions(uri)):
        if not _both_classes(matrices[task]):  # TFMA gives 0 for an area that there is not
            absent = {metric.key for kind in TASK_KINDS.values() for metric in kind.metrics
                      if metric.of_pairs}
            tasks[task] = {key: value for key, value in tasks[task].items() if key not in absent}
    figures = flat(tasks)
    _write(path, figures)
    return figures


def _classification(outcome: NodeOutcome, path: Path) -> dict[str, Any]:
    """The ROC curve of the first binary task that has one, and its confusion matrix at 0.5."""
    matrices = confusions(outcome.of_type("ModelEvaluation"))
    task = min((name for name, points in matrices.items() if _both_classes(points)), default=None)
    metadata = {} if task is None else classification(matrices[task])
    _write(path, {"task": task, **metadata})
    return metadata


def _pushed_model(outcome: NodeOutcome, path: Path) -> dict[str, Any]:
    metadata = {"pushed": str(bool(outcome.pushed)).lower(), "location": outcome.pushed or ""}
    path.write_text(f"{outcome.pushed or 'Not pushed: the model is not blessed, see Gate.'}\n",
                    encoding="utf-8")
    return metadata


_WRITERS: dict[str, Callable[[NodeOutcome, Path], dict[str, Any]]] = {
    "data_report": _data_report, "figures": _figures, "metrics": _metrics,
    "classification": _classification, "pushed_model": _pushed_model,
}


def flat(figures: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Returns a tree's numbers under names joined by slashes, as a table of metrics needs them."""
    flattened: dict[str, float] = {}
    for key, value in figures.items():
        if isinstance(value, dict):
            flattened |= flat(value, f"{prefix}{key}/")
        elif isinstance(value, int | float):
            flattened[f"{prefix}{key}"] = float(value)
    return flattened


def classification(points: list[dict[str, float]]) -> dict[str, Any]:
    """Returns the metadata of `system.ClassificationMetrics`.

    Args:
      points: Confusions by ascending threshold, see `pipeline.results.confusions`.

    Returns:
      The ROC curve, and the confusion matrix at the threshold nearest to 0.5.
    """
    curve = [
        {"confidenceThreshold": min(max(p["threshold"], 0.0), 1.0),
         "recall": _share(p["tp"], p["fn"]), "falsePositiveRate": _share(p["fp"], p["tn"])}
        for p in points
    ]
    half = min(points, key=lambda p: abs(p["threshold"] - 0.5))
    rows = [{"row": [half["tn"], half["fp"]]}, {"row": [half["fn"], half["tp"]]}]
    return {"confidenceMetrics": curve,
            "confusionMatrix": {"annotationSpecs": [{"displayName": "0"}, {"displayName": "1"}],
                                "rows": rows}}


def _both_classes(points: list[dict[str, float]]) -> bool:
    """Returns whether the test rows have positives and negatives, so that there is a curve."""
    one = points[0]
    return one["tp"] + one["fn"] > 0 and one["fp"] + one["tn"] > 0


def _share(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest else 0.0


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(_finite(content), indent=1, allow_nan=False), encoding="utf-8")


def _finite(content: dict[str, Any]) -> dict[str, Any]:
    """Leaves out what JSON lacks; Kubeflow takes no null."""
    return {k: v for k, v in content.items()
            if v is not None and not (isinstance(v, float) and not math.isfinite(v))}
