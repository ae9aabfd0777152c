"""The recipe's `model`: the shape of the network."""

from typing import Annotated, Literal

from pydantic import Field

from trainer.options.choice import OneOf, Way
from trainer.options.strict import Count, Share, Strict, Width

Experts = Annotated[Count, Field(le=64)]
Decision = Annotated[Way, OneOf("average", "vote", "stack")]


class Late(Way):
    """Each modality decides by itself.

    Attributes:
      decision: How the decisions are joined.
    """

    name = "late"

    decision: Decision = Field(default="average", validate_default=True)


class Hybrid(Late):
    """Decisions of the modalities beside one of all together."""

    name = "hybrid"


class Mmoe(Way):
    """One gate a task over experts that all share.

    Attributes:
      experts: How many.
    """

    name = "mmoe"

    experts: Experts = 4


class Ple(Way):
    """Experts of each task beside shared ones.

    Attributes:
      experts: How many of each.
    """

    name = "ple"

    experts: Experts = 2


class ModelOptions(Strict):
    """Shape of the network.

    Attributes:
      dim: Width of all vectors.
      dropout: Share of a layer's outputs that training drops.
      id_dropout: Share of ids that training hides, so that content alone learns to serve.
      stranger_dropout: Share of rows whose user training makes unknown in every respect.
      modality_dropout: Chance of each present modality to be hidden in training; one always stays.
      missing: What stands in the place of an absent modality: a learned token, the mean of those
        that are present, or a guess from the row's others by `regression` or by an `adversarial`
        generator.
      fusion: How modalities become one vector.
      sharing: How one vector becomes one for each task.
      interaction: How a user's and an item's vector meet in a head: `neural` has biases, the
        product and a small network, `inner_product` biases and that product alone, `concat` a small
        network over both side by side.
    """

    dim: Width = 64
    dropout: Share = 0.3
    id_dropout: Share = 0.1
    stranger_dropout: Share = 0.05
    modality_dropout: Share = 0.0
    missing: Literal["token", "mean", "regression", "adversarial"] = "token"
    fusion: Annotated[Way, OneOf(
        "concat", "weighted", "gated", "attention", "co_attention", Late, Hybrid,
    )] = Field(default="gated", validate_default=True)
    sharing: Annotated[Way, OneOf("shared_bottom", Mmoe, Ple, "branches")] = Field(
        default="shared_bottom", validate_default=True)
    interaction: Literal["neural", "inner_product", "concat"] = "neural"

    @property
    def imputation_learns(self) -> bool:
        """Whether guesses of absent modalities have a loss of their own."""
        return self.missing in ("regression", "adversarial")
