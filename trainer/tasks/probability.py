"""What the kinds share that predict a probability, or several that are independent."""

import math
from typing import Any

import numpy as np

from schemas import FeatureSpec
from trainer.tasks.kind import Limit, Metric, TaskKind


def area_limit(checks: Any, units: int) -> Limit:
    """Asks for more than chance, and for about as much as the last blessed model has."""
    return Limit(low=checks.min_auc, worse=checks.max_auc_decrease)


AREA = Metric("auc", "AUC", shown="AUC", of_pairs=True, limit=area_limit)
# The threshold is 0.5 where there is one.
OF_CHANCES = (
    AREA, Metric("accuracy", "BinaryAccuracy"), Metric("precision", "Precision"),
    Metric("recall", "Recall"), Metric("f1", "F1Score"), Metric("log_loss", less_is_better=True),
    Metric("ece", less_is_better=True))
# Its points are those of the ROC curve; the name is what TFMA calls such a plot.
CONFUSION = Metric("confusion_matrix_plot", "ConfusionMatrixPlot", {"num_thresholds": 100})
_SURE = 1e-7


class Probability(TaskKind):
    """Base of those kinds: labels of 0 or 1, and an output that is the log-odds of 1."""

    zero_one = True
    chance = True
    metrics: tuple[Metric, ...] = (*OF_CHANCES, CONFUSION)

    def prediction(self, spec: FeatureSpec, targets: tuple[str, ...], raw):
        """Returns the probability."""
        from keras import ops

        return ops.sigmoid(raw)

    def measured(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """Returns the metrics of `probability_metrics`; each pair of a row and a label counts."""
        return probability_metrics(labels.ravel(), predictions.ravel())


def area_under_curve(positive: np.ndarray, score: np.ndarray) -> float:
    """Returns the chance that a positive row scores above a negative one, ties counting half."""
    pairs = float(positive.sum()) * float((~positive).sum())
    if not pairs:
        return math.nan
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    ones = float(positive.sum())
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / pairs)


def log_loss(positive: np.ndarray, probability: np.ndarray) -> float:
    """Returns the mean cross-entropy in nats; a probability of 0 or 1 counts as one of 1e-7 off."""
    if not len(positive):
        return math.nan
    chance = np.clip(probability.astype(float), _SURE, 1 - _SURE)
    return float(-np.log(np.where(positive, chance, 1 - chance)).mean())


def calibration_error(positive: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """Returns the expected calibration error (Naeini et al. 2015).

    Args:
      positive: Whether the label is 1, `(rows,)` bool.
      probability: The predicted chance of that, `(rows,)`.
      bins: Number of equal ranges from 0 to 1.

    Returns:
      The mean over rows of how far the mean prediction of a row's range is from the share of
      positives in it, from 0 to 1; NaN without rows.
    """
    if not len(positive):
        return math.nan
    place = np.clip((probability * bins).astype(int), 0, bins - 1)
    surplus = np.bincount(place, probability.astype(float) - positive, minlength=bins)
    return float(np.abs(surplus).sum() / len(positive))


def probability_metrics(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Measures predicted chances of a label that is 0 or 1.

    Args:
      labels: `(rows,)`, of the rows that have one.
      predictions: `(rows,)`, from 0 to 1.

    Returns:
      `auc`, `log_loss` and `ece`, and what a threshold of 0.5 gives: `accuracy`, `precision`,
      `recall` and `f1`. NaN where the rows do not suffice.
    """
    chance, positive = predictions.astype(float), labels.astype(float) > 0
    guesses = chance > 0.5
    hits, true, predicted = (float(one.sum()) for one in (guesses & positive, positive, guesses))
    precision, recall = hits / predicted if predicted else 0.0, hits / true if true else 0.0
    total = precision + recall
    return {
        "auc": area_under_curve(positive, chance),
        "log_loss": log_loss(positive, chance), "ece": calibration_error(positive, chance),
        "accuracy": float((guesses == positive).mean()) if len(labels) else math.nan,
        "precision": precision, "recall": recall,
        "f1": 2 * precision * recall / total if total else 0.0,
    }
