"""The Evaluator's metrics, of labels and predictions in files."""

import math
from pathlib import Path

import numpy as np
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.verdict import Outcome
from trainer.written_scores import TaskScores, WrittenScores


class Executor(base_executor.BaseExecutor):
    """Writes the verdict of the written predictions."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See `PredictionEvaluatorSpec` for the artifacts and parameters."""
        scores = WrittenScores.load(Path(artifact_utils.get_single_uri(input_dict["scores"])))
        outcome = judge(
            scores.tasks, exec_properties["min_auc"], exec_properties.get("max_rmse"))
        outcome.save(artifact_utils.get_single_uri(output_dict["verdict"]))


def judge(tasks: dict[str, TaskScores], min_auc: float, max_rmse: float | None) -> Outcome:
    """Measures every task, and holds it against the absolute thresholds; see `Gate` for others.

    Args:
      tasks: Labels and predictions by task.
      min_auc: Smallest area under the curve; nothing is asked of labels of one value.
      max_rmse: Largest root mean squared error, where there is a limit.

    Returns:
      The outcome; its figure `tasks` has each task's metrics, named as the Evaluator's.
    """
    figures = {name: task_metrics(task) for name, task in tasks.items()}
    reasons = []
    for name, found in figures.items():
        # Written so that a NaN, of no rows, does not pass.
        if max_rmse is not None and "rmse" in found and not found["rmse"] <= max_rmse:
            reasons.append(f"{name}, metric rmse {found['rmse']:.4g} is above {max_rmse:.4g}")
        labels = tasks[name].labels
        one_value = len(labels) and (labels == labels[0]).all()
        if "auc" in found and not one_value and not found["auc"] >= min_auc:
            reasons.append(f"{name}, metric auc {found['auc']:.4g} is below {min_auc:.4g}")
    return Outcome(not reasons, reasons, {"tasks": figures})


def task_metrics(task: TaskScores) -> dict[str, float]:
    """Returns the metrics of one task; NaN where its rows do not tell."""
    label, predicted = task.labels.astype(float), task.predictions.astype(float)
    if task.head == "regression":
        error = predicted - label
        if not len(error):
            return {"rmse": math.nan, "mae": math.nan}
        return {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(np.abs(error).mean())}
    said = predicted > 0.5
    hits, true, told = float((said & (label > 0)).sum()), float(label.sum()), float(said.sum())
    precision, recall = hits / told if told else 0.0, hits / true if true else 0.0
    total = precision + recall
    return {
        "auc": area_under_curve(label > 0, predicted),
        "accuracy": float((said == (label > 0)).mean()) if len(label) else math.nan,
        "precision": precision, "recall": recall,
        "f1": 2 * precision * recall / total if total else 0.0,
    }


def area_under_curve(positive: np.ndarray, score: np.ndarray) -> float:
    """Returns the chance that a positive row scores above a negative one, ties counting half."""
    pairs = float(positive.sum()) * float((~positive).sum())
    if not pairs:
        return math.nan
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    ones = float(positive.sum())
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / pairs)
