"""Multi-class: which of its values a categorical label has."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from schemas import FeatureSpec
from schemas.spec import Label
from trainer.tasks.kind import (
    RAREST,
    Batch,
    Limit,
    Metric,
    Start,
    TaskKind,
    Trivial,
    bounded_shares,
    names_of,
)
from trainer.tasks.probability import log_loss


def as_likely(checks: Any, units: int) -> Limit:
    """Asks for more than that all classes are as likely."""
    return Limit(high=math.log(units))


class MultiClass(TaskKind):
    """Predicts the probability of each class."""

    name = "multi_class"
    needs_label = True
    of_users = True
    metrics = (
        Metric("accuracy", "SparseCategoricalAccuracy", shown="accuracy"),
        Metric("cross_entropy", "SparseCategoricalCrossentropy", less_is_better=True,
               limit=as_likely))

    def label_fault(self, spec: FeatureSpec, label: Label) -> str:
        """Refuses a label without classes."""
        if label.classes:
            return ""
        return (f"needs a categorical label, and {label.name!r} is not. Dataset {spec.name!r} "
                f"has: {names_of(spec, lambda known: known.classes)}. Tag a column of text whose "
                "values are listed in a string_domain.")

    def units(self, spec: FeatureSpec, targets: tuple[str, ...]) -> int:
        """Returns the number of classes."""
        return len(spec.label(targets[0]).classes)

    def start(self, spec: FeatureSpec, targets: tuple[str, ...],
              means: Mapping[str, Start]) -> Start:
        """Returns the logarithms of the classes' shares."""
        return np.log(bounded_shares(targets, means)[0]).tolist()

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """The cross-entropy of a softmax."""
        from trainer.layers.losses import class_crossentropy, labelled_mean

        return labelled_mean(class_crossentropy, batch.outputs[name], batch.labels[targets[0]])

    def prediction(self, spec: FeatureSpec, targets: tuple[str, ...], raw):
        """Returns the probability of each class, `(..., classes)`."""
        from keras import ops

        return ops.softmax(raw, axis=-1)

    def trivial(self, mean: Start, labels: np.ndarray) -> Trivial:
        """Returns the cross-entropy of the training's shares."""
        shares = np.clip(np.asarray(mean), RAREST, 1.0)
        return Trivial("predicting the training's shares of the classes", {
            "cross_entropy": float(-np.log(shares[labels.astype(int)]).mean())})

    def measured(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """Returns both metrics; `predictions` are `(rows, classes)`."""
        place = labels.astype(int)
        right = predictions.argmax(axis=1) == place
        chance = predictions[np.arange(len(place)), place]
        return {"accuracy": float(right.mean()) if len(place) else math.nan,
                "cross_entropy": log_loss(np.ones(len(place), bool), chance)}
