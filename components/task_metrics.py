"""What was measured of each task, what the Trainer noted of its labels, and what follows."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

_TFMA_NAMES = {
    "root_mean_squared_error": "rmse", "mean_absolute_error": "mae", "auc": "auc",
    "binary_accuracy": "accuracy", "precision": "precision", "recall": "recall",
    "sparse_categorical_accuracy": "accuracy", "sparse_categorical_crossentropy": "cross_entropy",
}


def task_metrics(uri: str, of_baseline: bool = False) -> dict[str, dict[str, float]]:
    """Reads the overall metrics of each task from TFMA's results.

    Args:
      uri: Folder of a `ModelEvaluation`.
      of_baseline: Those of the last blessed model on the same rows, of which there are none in a
        first run; else the model's own.
    """
    import tensorflow_model_analysis as tfma

    tasks: dict[str, dict[str, float]] = {}
    for record in tfma.load_metrics(uri):
        if record.slice_key.single_slice_keys:
            continue
        for item in record.metric_keys_and_values:
            # If there was a baseline, its metrics and the changes are beside the model's.
            if item.key.is_diff or (item.key.model_name == tfma.BASELINE_KEY) != of_baseline:
                continue
            name = _TFMA_NAMES.get(item.key.name)
            if item.key.HasField("sub_key"):  # one label of several
                name = name and f"{name}_{item.key.sub_key.class_id.value}"
            if name and item.value.HasField("double_value"):
                value = item.value.double_value.value
                tasks.setdefault(item.key.output_name, {})[name] = value
    for figures in tasks.values():
        if {"precision", "recall"} <= figures.keys():
            total = figures["precision"] + figures["recall"]
            figures["f1"] = 2 * figures["precision"] * figures["recall"] / total if total else 0.0
    return tasks


# What predicts without a model, by the metric that it is held against.
_TRIVIAL = {"rmse": "predicting the training mean",
            "cross_entropy": "predicting the training's shares of the classes"}


def read_summary(uri: str) -> dict[str, Any]:
    """Reads what the Trainer noted, from a `ModelRun` artifact's folder."""
    return json.loads((Path(uri) / "summary.json").read_text(encoding="utf-8"))


def read_label_facts(uri: str) -> dict[str, Any]:
    """Reads what `trainer.evaluation.label_facts` noted, from a `ModelRun` artifact's folder."""
    return read_summary(uri).get("labels", {})


def one_value(fact: Mapping[str, Any]) -> float | None:
    """Returns the only value that a task's labels have in the test rows, `None` where two."""
    values = {label["test_value"] for label in fact["labels"].values() if label["test_rows"]}
    return values.pop() if len(values) == 1 else None


def without_auc(facts: Mapping[str, Any]) -> set[str]:
    """Returns the tasks whose area under the curve cannot be measured: no pair to distinguish."""
    return {name for name, fact in facts.items() if one_value(fact) is not None
            or not any(label["test_rows"] for label in fact["labels"].values())}


def relative_reasons(tasks: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any],
                     max_error_ratio: float) -> list[str]:
    """Holds a model against what predicts without one, which knows the label's scale.

    Args:
      tasks: The model's metrics on the test rows, by task.
      facts: What the Trainer noted of the labels.
      max_error_ratio: The model's largest error, as a share of the trivial one.

    Returns:
      One sentence for each task that is not good enough or that has no row to be judged by. A
      label of one value asks for nothing: no prediction is better than always that one.
    """
    reasons = []
    for name, fact in facts.items():
        if not fact["demanded"]:
            continue
        for label, seen in fact["labels"].items():
            if not seen["test_rows"]:
                reasons.append(f"{name}: no test row has the label {label!r}")
        if one_value(fact) is not None:
            continue
        for metric, trivial in fact["trivial"].items():
            reached = tasks.get(name, {}).get(metric)
            if reached is None:
                reasons.append(f"{name}, metric {metric} was not measured")
            elif not reached <= max_error_ratio * trivial:  # a NaN is refused
                reasons.append(
                    f"{name}, metric {metric} {reached:.4g} is more than {max_error_ratio:g} times "
                    f"the {trivial:.4g} of {_TRIVIAL[metric]}")
    return reasons


def label_reasons(tasks: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any],
                  min_auc: float) -> list[str]:
    """Asks of a task of several labels that it distinguishes rows, and not only labels.

    The area under the curve of all pairs of a row and a label is high where some labels are
    frequent and others rare, also for a model that predicts the same for everybody.

    Args:
      tasks: The model's metrics on the test rows, by task; `auc_0` is that of the first label.
      facts: What the Trainer noted of the labels.
      min_auc: Smallest mean of the areas of those labels that have one.

    Returns:
      One sentence for each task below it.
    """
    reasons = []
    for name, fact in facts.items():
        if not fact["demanded"] or len(fact["labels"]) < 2:
            continue
        areas = [tasks.get(name, {}).get(f"auc_{place}", math.nan)
                 for place, seen in enumerate(fact["labels"].values())
                 if seen["test_rows"] and seen["test_value"] is None]
        if areas and not mean(areas) >= min_auc:  # a NaN is refused
            reasons.append(f"{name}, the mean auc of its labels {mean(areas):.4g} is below "
                           f"{min_auc:.4g}")
    return reasons
