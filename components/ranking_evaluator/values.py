"""Predicted values, of a rating or a like, against the biases of users and items."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from components.ranking_evaluator.interactions import SPLITS, Interactions, Judged
from trainer.closed_form.biases import (
    fit_biased_factors,
    fit_biases,
    tuned_biased_factors,
    tuned_biases,
)
from trainer.tasks import TASK_KINDS

_DRAWS = 500
_MOST_ROWS = 20_000  # of the test split, drawn for the comparison


def value_figures(predicted: Mapping[str, np.ndarray], interactions: Interactions,
                  tasks: Mapping[str, Judged]) -> dict[str, Any]:
    """Holds each task's predictions of the test rows against those of the biases.

    Args:
      predicted: Predictions of each test row by task, `(rows,)`; empty for written scores.
      interactions: All events.
      tasks: What each task predicts; biases predict one number a row, and nothing else.

    Returns:
      By task: `metric` (the first that tables show of the kind), `model`, `biases` and
      `factors` (mean + user + item, and that with factors, tuned on validation), and
      `difference`, `low`, `high` of the model less the biases with its 95 % interval over the
      same rows; a smaller error and a larger area are better.
    """
    return {name: _compared(predicted[name], interactions, task)
            for name, task in tasks.items() if name in predicted and predicted[name].ndim == 1}


def _compared(predicted: np.ndarray, interactions: Interactions, task: Judged) -> dict[str, Any]:
    kind, label = TASK_KINDS[task.head], task.label
    metric = next((one.key for one in kind.metrics if one.shown), "")

    def measure(truth: np.ndarray, predicted: np.ndarray) -> float:
        return kind.measured(truth, predicted).get(metric, np.nan)

    train, validation = (interactions.values(label, split) for split in SPLITS[:2])
    known, test = interactions.values(label, *SPLITS[:2]), interactions.values(label, "test")
    of_test = interactions.labels[label][interactions.splits == SPLITS.index("test")]
    model = predicted[np.isfinite(of_test)]
    truth = test.values
    if not len(truth) or not len(train.values):
        return {"skipped": f"No row of the test or the train split has the label {label!r}."}
    rng = np.random.default_rng(0)
    rows = (np.arange(len(truth)) if len(truth) <= _MOST_ROWS
            else rng.choice(len(truth), _MOST_ROWS, replace=False))
    if not np.isfinite(measure(truth[rows], model[rows])):  # or no draw of them would have it
        return {"skipped": f"Nothing is measured if all test rows have the same value of the label "
                           f"{label!r}, or all of {len(rows):,} that were drawn of them."}
    chosen = tuned_biases(train, validation)
    biases = fit_biases(known, **chosen.best).predictions(test.users, test.items)
    with_factors = tuned_biased_factors(train, validation, chosen)
    factors = fit_biased_factors(known, **with_factors.best).predictions(test.users, test.items)
    low, high = _interval(measure, truth[rows], model[rows], biases[rows], rng)
    return {"metric": metric, "rows": len(truth),
            "model": measure(truth, model), "biases": measure(truth, biases),
            "factors": measure(truth, factors),
            "difference": measure(truth, model) - measure(truth, biases),
            "low": low, "high": high, "parameters": with_factors.best}


def _interval(measure: Callable[[np.ndarray, np.ndarray], float], truth: np.ndarray,
              model: np.ndarray, other: np.ndarray, rng: np.random.Generator
              ) -> tuple[float, float]:
    """Returns the 95 % interval of the difference, by resampling the rows."""
    gains: list[float] = []
    while len(gains) < _DRAWS:
        drawn = rng.choice(len(truth), len(truth))
        gain = measure(truth[drawn], model[drawn]) - measure(truth[drawn], other[drawn])
        if np.isfinite(gain):  # else all that were drawn have one value
            gains.append(gain)
    low, high = np.quantile(gains, (0.025, 0.975))
    return float(low), float(high)
