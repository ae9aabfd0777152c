"""Decision-level fusion, alone and together with feature-level fusion."""

import keras
from keras import ops

from trainer.layers.fusion.joint import ConcatFusion
from trainer.layers.fusion.parts import Fusion, PerModality, usable
from trainer.layers.towers import masked_softmax


@keras.saving.register_keras_serializable("tessera")
class LateFusion(Fusion):
    """Each modality decides for itself; the decisions, never the features, are joined.

    A modality's decision is a vector from a network of its own, which sees nothing of the others:
    `dim` numbers that say what an item (or user) is by as many hidden questions. So
    decisions meet before the heads, not behind them. Behind a linear head the two are the same:
    an item's retrieval score under `average` is exactly the mean of the scores that its modalities
    would get one by one. Heads with hidden layers, and the users' shared layers, see the joined
    decisions, which is not the mean of what they would make of each.

    Args:
      dim: Number of decisions.
      decision: `average` takes the mean of the decisions; `vote` the mean of their signs, each
        modality having one vote (the gradient passes as if the sign were a hyperbolic tangent);
        `stack` a logistic regression on the decisions, brought to -1..1, with a learned weight for
        each modality, the same for all rows.
    """

    def __init__(self, dim: int, decision: str = "average", **kwargs):
        super().__init__(dim, **kwargs)
        if decision not in DECISIONS:
            known = ", ".join(f"'{known}'" for known in DECISIONS)
            raise ValueError(f"'decision' is '{decision}'; it must be one of {known}.")
        self.decision = decision

    def build(self, vectors_shape, present_shape):
        """Creates a network for each modality, and the weights of a stack."""
        batch, modalities, _ = vectors_shape
        self.hidden = PerModality(self.dim, "gelu", name="hidden")
        self.hidden.build(vectors_shape)
        self.decide = PerModality(self.dim, name="decide")
        self.decide.build((batch, modalities, self.dim))
        if self.decision == "stack":
            self.logits = self._weight("logits", (modalities,), "zeros")
            self.slope = self._weight("slope", (self.dim,), "ones")
            self.intercept = self._weight("intercept", (self.dim,), "zeros")

    def _weight(self, name, shape, initializer):
        return self.add_weight(shape=shape, initializer=initializer, name=name, autocast=False)

    def fuse(self, vectors, present):
        """Fuses modalities, see the base."""
        mask = usable(present)
        decisions = ops.cast(self.decide(self.hidden(vectors)), "float32")
        fused, weights = DECISIONS[self.decision](self, decisions, mask)
        return ops.cast(fused, self.compute_dtype), weights

    def average(self, decisions, mask):
        """Returns the mean decision."""
        weights = mask / ops.sum(mask, axis=1, keepdims=True)
        return ops.einsum("bm,bmd->bd", weights, decisions), weights

    def vote(self, decisions, mask):
        """Returns the share of votes for, minus the share against."""
        soft = ops.tanh(decisions)
        return self.average(soft + ops.stop_gradient(ops.sign(decisions) - soft), mask)

    def stack(self, decisions, mask):
        """Returns a logistic regression's decision on the decisions."""
        weights = masked_softmax(ops.zeros_like(mask) + self.logits, mask)
        joined = ops.einsum("bm,bmd->bd", weights, ops.tanh(decisions))
        # 2 sigmoid(2 x) - 1 is the hyperbolic tangent.
        return ops.tanh(joined * self.slope + self.intercept), weights

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "decision": self.decision}


DECISIONS = {
    "average": LateFusion.average, "vote": LateFusion.vote, "stack": LateFusion.stack,
}


@keras.saving.register_keras_serializable("tessera")
class HybridFusion(Fusion):
    """Feature-level and decision-level fusion side by side, mixed by a learned share.

    After Atrey et al. 2010, "Multimodal fusion for multimedia analysis: a survey", section 3.1.3.

    Args:
      dim: Width of the result.
      decision: How the decision-level half decides, see `LateFusion`.
    """

    def __init__(self, dim: int, decision: str = "average", **kwargs):
        super().__init__(dim, **kwargs)
        self.decision = decision
        self._early = ConcatFusion(dim, name="early")
        self._late = LateFusion(dim, decision, name="late")

    def build(self, vectors_shape, present_shape):
        """Creates both halves and their share."""
        self._early.build(vectors_shape, present_shape)
        self._late.build(vectors_shape, present_shape)
        self.balance = self.add_weight(
            shape=(), initializer="zeros", name="balance", autocast=False)

    def fuse(self, vectors, present):
        """Fuses modalities, see the base."""
        early, early_weights = self._early(vectors, present)
        late, late_weights = self._late(vectors, present)
        share = ops.sigmoid(self.balance)
        weights = share * early_weights + (1 - share) * late_weights
        share = ops.cast(share, early.dtype)
        return share * early + (1 - share) * late, weights

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "decision": self.decision}
