"""Binary: the probability that a label is 1."""

import math
from collections.abc import Mapping

import numpy as np

from schemas import FeatureSpec
from trainer.tasks.kind import Batch, Start, bounded_shares
from trainer.tasks.probability import Probability, area_under_curve


class Binary(Probability):
    """Predicts the probability of a label that is 0 or 1."""

    name = "binary"
    needs_label = True
    of_users = True
    ranks = True
    stacks = True
    families = ("network", "factorization", "forest")

    def start(self, spec: FeatureSpec, targets: tuple[str, ...],
              means: Mapping[str, Start]) -> Start:
        """Returns the log-odds of the label's share; 0 where no row shows it."""
        share = bounded_shares(targets, means)
        return np.log(share / (1 - share)).tolist()[0]

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """The cross-entropy."""
        from trainer.layers.losses import binary_crossentropy, labelled_mean

        return labelled_mean(binary_crossentropy, batch.outputs[name], batch.labels[targets[0]])

    def measured(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """Returns the area under the curve, and what a threshold of 0.5 gives."""
        label, positive = labels.astype(float), predictions.astype(float) > 0.5
        hits = float((positive & (label > 0)).sum())
        true, predicted = float(label.sum()), float(positive.sum())
        precision, recall = hits / predicted if predicted else 0.0, hits / true if true else 0.0
        total = precision + recall
        return {
            "auc": area_under_curve(label > 0, predictions.astype(float)),
            "accuracy": float((positive == (label > 0)).mean()) if len(label) else math.nan,
            "precision": precision, "recall": recall,
            "f1": 2 * precision * recall / total if total else 0.0,
        }
