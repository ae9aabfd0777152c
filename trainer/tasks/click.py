"""Click: the probability of an event, learned against items without one."""

import math
from collections.abc import Mapping

from schemas import FeatureSpec
from trainer.tasks.kind import Batch, Start
from trainer.tasks.probability import Probability


class Click(Probability):
    """Predicts the probability of an event; its label, if there is one, says which events count."""

    name = "click"
    ranks = True
    against_unseen = True

    def start(self, spec: FeatureSpec, targets: tuple[str, ...],
              means: Mapping[str, Start]) -> Start:
        """Returns the log-odds of one item among all that are compared."""
        unseen = spec.unseen()
        return -math.log(unseen.max_values) if unseen and unseen.max_values else 0.0

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """The cross-entropy of the row's item against its unseen ones."""
        from trainer.layers.losses import click_loss

        return click_loss(
            batch.outputs[name], batch.event_weight(targets), batch.outputs["unseen"])
