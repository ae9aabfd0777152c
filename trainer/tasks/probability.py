"""What the kinds share that predict a probability, or several that are independent."""

import math

import numpy as np

from schemas import FeatureSpec
from trainer.tasks.kind import Metric, TaskKind

AT_A_HALF = (Metric("AUC", limit="auc"), Metric("BinaryAccuracy"), Metric("Precision"),
             Metric("Recall"))
# Its points are those of the ROC curve.
CONFUSION = Metric("ConfusionMatrixPlot", options='{"num_thresholds": 100}')


class Probability(TaskKind):
    """Base of those kinds: labels of 0 or 1, and an output that is the log-odds of 1."""

    zero_one = True

    def prediction(self, spec: FeatureSpec, targets: tuple[str, ...], raw):
        """Returns the probability."""
        from keras import ops

        return ops.sigmoid(raw)

    def metrics(self, spec: FeatureSpec, targets: tuple[str, ...]) -> tuple[Metric, ...]:
        """Returns the area under the curve, which has a limit, and what 0.5 as threshold gives."""
        return *AT_A_HALF, CONFUSION


def area_under_curve(positive: np.ndarray, score: np.ndarray) -> float:
    """Returns the chance that a positive row scores above a negative one, ties counting half."""
    pairs = float(positive.sum()) * float((~positive).sum())
    if not pairs:
        return math.nan
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    ones = float(positive.sum())
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / pairs)
