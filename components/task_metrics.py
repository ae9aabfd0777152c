"""What was measured of each task, what the Trainer noted of its labels, and what follows."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from trainer.tasks.kind import Limit


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
            name = item.key.name
            if item.key.HasField("sub_key"):  # one label of several
                name = f"{name}_{item.key.sub_key.class_id.value}"
            if item.value.HasField("double_value"):
                value = item.value.double_value.value
                tasks.setdefault(item.key.output_name, {})[name] = value
    return tasks


def add_predicted(tasks: dict[str, Any], predicted: Mapping[str, Mapping[str, Any]]) -> None:
    """Adds to what TFX's Evaluator measured of tasks what it has no metric for.

    Args:
      tasks: Metrics by task.
      predicted: What `components.ranking_evaluator.slices.prediction_figures` returned.
    """
    for name, figures in predicted.items():
        numbers = {key: value for key, value in figures.items() if isinstance(value, float)}
        tasks[name] = numbers | tasks.get(name, {})


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


def metric_facts(metrics: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns by task and metric what is true of it, see `trainer.tasks.kind.Metric.facts`.

    Args:
      metrics: The content of `metrics.json`.
    """
    return {task: fact.get("metrics", {}) for task, fact in metrics.get("labels", {}).items()}


def unmeasurable(facts: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Returns tasks with those of their metrics that compare rows of different labels: none is."""
    return {(name, key) for name, fact in facts.items() for key in of_pairs(fact)
            if one_value(fact) is not None
            or not any(label["test_rows"] for label in fact["labels"].values())}


def of_pairs(fact: Mapping[str, Any]) -> list[str]:
    """Returns a task's metrics that labels of one value do not have."""
    return [key for key, of in fact["metrics"].items() if of.get("of_pairs")]


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
            # A deviance may be below 0, where a part of it would be above it.
            elif not reached <= trivial + (max_error_ratio - 1) * abs(trivial):  # a NaN is refused
                reasons.append(
                    f"{name}, metric {metric} {reached:.4g} is more than {max_error_ratio:g} times "
                    f"the {trivial:.4g} of {fact['trivial_is']}")
    return reasons


def label_reasons(tasks: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any],
                  limits: Mapping[str, Mapping[str, Limit]]) -> list[str]:
    """Asks of a task of several labels that it distinguishes rows, and not only labels.

    The area under the curve of all pairs of a row and a label is high where some labels are
    frequent and others rare, also for a model that predicts the same for everybody.

    Args:
      tasks: The model's metrics on the test rows, by task; `auc_0` is that of the first label.
      facts: What the Trainer noted of the labels.
      limits: By task and metric, what the mean over those labels must keep that have two values.

    Returns:
      One sentence for each mean that does not.
    """
    reasons = []
    for name, key, limit in ((name, *one) for name, of in limits.items() for one in of.items()):
        values = [tasks.get(name, {}).get(f"{key}_{place}", math.nan)
                  for place, seen in enumerate(facts[name]["labels"].values())
                  if seen["test_rows"] and seen["test_value"] is None]
        if values and (missed := limit.missed(mean(values))):
            reasons.append(f"{name}, the mean {key} of its labels {mean(values):.4g} is {missed}")
    return reasons
