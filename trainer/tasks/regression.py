"""Regression: a number, such as a rating."""

import math
from collections.abc import Mapping

import numpy as np

from schemas import FeatureSpec
from schemas.spec import Label
from trainer.tasks.kind import (
    Batch,
    Metric,
    Start,
    TaskKind,
    Trivial,
    error_limit,
    error_metrics,
)


class Regression(TaskKind):
    """Predicts a value, within the domain that the schema gives its label."""

    name = "regression"
    needs_label = True
    of_users = True
    ranks = True
    stacks = True
    metrics = (
        Metric("rmse", "RootMeanSquaredError", less_is_better=True, shown="RMSE",
               limit=error_limit),
        Metric("mae", "MeanAbsoluteError", less_is_better=True))

    def label_fault(self, spec: FeatureSpec, label: Label) -> str:
        """Refuses a categorical label."""
        if label.classes:
            return (f"needs a number, and {label.name!r} is categorical; take the head "
                    "'multi_class'.")
        return ""

    def start(self, spec: FeatureSpec, targets: tuple[str, ...],
              means: Mapping[str, Start]) -> Start:
        """Returns the mean."""
        return means[targets[0]]

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """The squared error as a share of the label's variance: no scale drowns the others."""
        from trainer.layers.losses import labelled_mean, squared_error

        error = labelled_mean(squared_error, batch.outputs[name], batch.labels[targets[0]])
        return error / batch.variances.get(targets[0], 1.0)

    def prediction(self, spec: FeatureSpec, targets: tuple[str, ...], raw):
        """Clips the output to the label's domain."""
        from keras import ops

        label = spec.label(targets[0])
        low = -math.inf if label.minimum is None else label.minimum
        high = math.inf if label.maximum is None else label.maximum
        return ops.clip(raw, low, high)

    def trivial(self, mean: Start, labels: np.ndarray) -> Trivial:
        """Returns the error of the training's mean."""
        return Trivial("predicting the training mean", {
            "rmse": float(np.sqrt(np.mean((labels.astype(float) - mean) ** 2)))})

    def measured(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """Returns both errors."""
        return error_metrics(labels, predictions)
