"""Multi-label: the probability of each of several labels."""

from collections.abc import Mapping

import numpy as np

from schemas import FeatureSpec
from trainer.tasks.kind import Batch, Start, bounded_shares
from trainer.tasks.probability import AREA, OF_CHANCES, Probability


class MultiLabel(Probability):
    """Predicts the probabilities of labels that may be 1 together."""

    name = "multi_label"
    several = True
    metrics = OF_CHANCES
    apart = (AREA,)  # In `metrics`, all pairs of a row and a label count alike.

    def check(self, label: str | None, labels: tuple[str, ...] | None) -> None:
        """Refuses anything but several different labels."""
        different = len(set(labels or ()))
        if label or different < 2 or different < len(labels or ()):
            raise ValueError(f"a task with head '{self.name}' needs 'labels', a list of two or "
                             "more different labels, and no 'label'")

    def units(self, spec: FeatureSpec, targets: tuple[str, ...]) -> int:
        """Returns the number of labels."""
        return len(targets)

    def start(self, spec: FeatureSpec, targets: tuple[str, ...],
              means: Mapping[str, Start]) -> Start:
        """Returns the log-odds of each label's share; 0 where no row shows it."""
        shares = bounded_shares(targets, means)
        return np.log(shares / (1 - shares)).tolist()

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """The mean cross-entropy over every label that a row has."""
        from keras import ops

        from trainer.layers.losses import binary_crossentropy, labelled_mean

        labels = ops.stack([batch.labels[target] for target in targets], axis=1)
        return labelled_mean(binary_crossentropy, batch.outputs[name], labels)
