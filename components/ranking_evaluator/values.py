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
from trainer.tasks import kind_of

_DRAWS = 500
_MOST_ROWS = 20_000  # of the test split, of users drawn for the interval


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
      `users` of the same rows; a smaller error and a larger area are better.
    """
    return {name: _compared(predicted[name], interactions, task)
            for name, task in tasks.items() if name in predicted and predicted[name].ndim == 1}


def _compared(predicted: np.ndarray, interactions: Interactions, task: Judged) -> dict[str, Any]:
    kind, label = kind_of(task.head), task.label
    metric = next((one for one in kind.metrics if one.shown), None)
    if metric is None:
        return {"skipped": f"Tables show no metric of the head {kind.name!r}."}

    def measure(truth: np.ndarray, predicted: np.ndarray) -> float:
        return kind.measured(truth, predicted).get(metric.key, np.nan)

    train, validation = (interactions.values(label, split) for split in SPLITS[:2])
    known, test = interactions.values(label, *SPLITS[:2]), interactions.values(label, "test")
    of_test = interactions.labels[label][interactions.splits == SPLITS.index("test")]
    model = predicted[np.isfinite(of_test)]
    truth = test.values
    if not len(truth) or not len(train.values):
        return {"skipped": f"No row of the test or the train split has the label {label!r}."}
    by_user = _rows_of_users(test.users, np.random.default_rng(0))
    rows = np.concatenate(by_user)
    if not np.isfinite(measure(truth[rows], model[rows])):  # or no draw of them would have it
        return {"skipped": f"Nothing is measured if all test rows have the same value of the label "
                           f"{label!r}, or all of {len(by_user):,} users that were drawn of them."}
    chosen = tuned_biases(train, validation)
    biases = fit_biases(known, **chosen.best).predictions(test.users, test.items)
    if not np.isfinite(measure(truth[rows], biases[rows])):
        return {"skipped": f"The metric {metric.key!r} is not measured of what the biases predict."}
    with_factors = tuned_biased_factors(train, validation, chosen)
    factors = fit_biased_factors(known, **with_factors.best).predictions(test.users, test.items)
    low, high = _interval(measure, by_user, truth, model, biases)
    return {"metric": metric.key, "less_is_better": metric.less_is_better, "rows": len(truth),
            "users": len(np.unique(test.users)),
            "model": measure(truth, model), "biases": measure(truth, biases),
            "factors": measure(truth, factors),
            "difference": measure(truth, model) - measure(truth, biases),
            "low": low, "high": high, "parameters": with_factors.best}


def _rows_of_users(users: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Returns the rows of each user, in an order of chance; of many rows those of some users."""
    order = np.argsort(users, kind="stable")
    starts = np.flatnonzero(np.diff(users[order], prepend=-1))
    rows = np.split(order, starts[1:])
    mixed = [rows[place] for place in rng.permutation(len(rows))]
    sizes = np.cumsum([len(some) for some in mixed])
    return mixed[:max(int(np.searchsorted(sizes, _MOST_ROWS, side="right")), 1)]


def _interval(measure: Callable[[np.ndarray, np.ndarray], float], by_user: list[np.ndarray],
              truth: np.ndarray, model: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Returns the 95 % interval of the difference, by resampling users: rows of one are alike."""
    rng = np.random.default_rng(1)
    gains: list[float] = []
    while len(gains) < _DRAWS:
        drawn = np.concatenate([by_user[user] for user in rng.integers(
            len(by_user), size=len(by_user))])
        gain = measure(truth[drawn], model[drawn]) - measure(truth[drawn], other[drawn])
        if np.isfinite(gain):  # else all that were drawn have one value
            gains.append(gain)
    low, high = np.quantile(gains, (0.025, 0.975))
    return float(low), float(high)


def value_reasons(figures: Mapping[str, Mapping[str, Any]], most: float,
                  fewest_users: int) -> list[str]:
    """Returns a sentence for each task that is certainly worse than the biases.

    Args:
      figures: What `value_figures` returned.
      most: How much worse a task may be: an error as a share of the biases', an area by itself.
      fewest_users: Of fewer users no interval says anything.
    """
    return [
        f"{name}, metric {one['metric']} {one['model']:.4f} is worse than the {one['biases']:.4f} "
        f"of mean + user + item: the difference of {one['difference']:+.4f} has a 95 % interval "
        f"from {one['low']:+.4f} to {one['high']:+.4f} over {one['users']:,} users, and all of it "
        f"is beyond {most:g}" + (" of that error" if one["less_is_better"] else "")
        for name, one in figures.items() if "metric" in one and one["users"] >= fewest_users
        and (one["low"] > most * abs(one["biases"]) if one["less_is_better"]
             else one["high"] < -most)]
