"""The recipe's `model`: the shape of the network."""

from typing import Annotated, Literal

from pydantic import Field

from trainer.options import Count, OneOf, Share, Strict, Way, Width

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
      experts: Number of experts.
    """

    name = "mmoe"

    experts: Experts = 4


class Ple(Way):
    """Experts of each task beside shared ones.

    Attributes:
      experts: Number of each task's experts, and of shared ones, on each level.
    """

    name = "ple"

    experts: Experts = 2


class ModelOptions(Strict):
    """Shape of the network.

    Attributes:
      dim: Width of all vectors.
      dropout: Share of the outputs that training drops in towers, sharing and heads.
      id_dropout: Share of ids that training hides, so that content alone serves unknown ones.
      user_dropout: Share of rows whose user training makes unknown in every respect.
      modality_dropout: Chance of a row to lose all content at once in training and, if it does not,
        of each present modality to be hidden; one always stays.
      missing: What stands in the place of an absent modality: a learned token, the mean of those
        that are present, or a guess from the row's others by `regression` or by an `adversarial`
        generator.
      fusion: How modalities become one vector.
      sharing: How one vector becomes one for each task: one block; experts with a gate for each
        task (`mmoe`, Ma 2018); shared experts and each task's own on two levels (`ple`, Tang 2020);
        a branch for each task, of which every task reads all.
      interaction: How a user's and an item's vector meet in a head: `neural` has biases, the
        product and a small network (He 2017), `inner_product` biases and that product alone (Koren
        2009), `concat` a small network over both side by side.
    """

    dim: Width = 64
    dropout: Share = 0.3
    id_dropout: Share = 0.1
    user_dropout: Share = 0.05
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
