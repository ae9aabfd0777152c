"""Binary: the probability that a label is 1."""

from collections.abc import Mapping

import numpy as np

from schemas import FeatureSpec
from trainer.tasks.kind import Batch, Start, bounded_shares
from trainer.tasks.probability import Probability


class Binary(Probability):
    """Predicts the probability of a label that is 0 or 1."""

    name = "binary"
    needs_label = True
    of_users = True
    ranks = True
    stacks = True

    def start(self, spec: FeatureSpec, targets: tuple[str, ...],
              means: Mapping[str, Start]) -> Start:
        """Returns the log-odds of the label's share; 0 where no row shows it."""
        share = bounded_shares(targets, means)
        return np.log(share / (1 - share)).tolist()[0]

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """The cross-entropy."""
        from trainer.layers.losses import binary_crossentropy, labelled_mean

        return labelled_mean(binary_crossentropy, batch.outputs[name], batch.labels[targets[0]])
