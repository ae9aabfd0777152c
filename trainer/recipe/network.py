"""The recipe of a network: its `model`, its `training`, the `rankers` and `predictors` beside."""

from typing import Annotated, Literal

from pydantic import Field

from trainer.options import (
    Count,
    Number,
    OneOf,
    Positive,
    Share,
    SomeOf,
    Strict,
    Tuned,
    Way,
    Weight,
    Width,
)

Experts = Annotated[Count, Field(le=64)]
Decision = Annotated[Way, OneOf("average", "vote", "stack")]
Rows = Annotated[Count, Field(le=2**20)]
# The options of each; what fits them is in `trainer.late_fusion`, of which Transform and the
# command line need not know.
RANKERS: dict[str, type[Strict]] = dict.fromkeys(
    ("popularity", "recent_popularity", "item_neighbours", "item_to_item", "factors", "content"),
    Strict)
PREDICTORS: dict[str, type[Strict]] = dict.fromkeys(
    ("biases", "recent_biases", "factors", "item_to_item", "content", "profile"), Strict)

Rankers = Annotated[dict[str, Strict], SomeOf(lambda: RANKERS)]
Predictors = Annotated[dict[str, Strict], SomeOf(lambda: PREDICTORS)]


class Weighted(Way):
    """Base of the balancings that begin with a weight of each task.

    Attributes:
      weights: The weights of the losses by the name of the task; 1 where none is given.
    """

    name = "weighted"

    weights: Tuned[dict[str, Positive]] = {}


class Fixed(Weighted):
    """By the weights that are given."""

    name = "fixed"


class GradNorm(Weighted):
    """So that all tasks learn at one pace, from the weights that are given on."""

    name = "gradnorm"


class PcGrad(Weighted):
    """Without the parts of the weighted gradients that conflict."""

    name = "pcgrad"


class Late(Way):
    """Each modality decides by itself.

    Attributes:
      decision: How the decisions are joined.
    """

    name = "late"

    decision: Tuned[Decision] = Field(default="average", validate_default=True)


class Hybrid(Late):
    """Decisions of the modalities beside one of all together."""

    name = "hybrid"


class Mmoe(Way):
    """One gate a task over experts that all share.

    Attributes:
      experts: Number of experts.
    """

    name = "mmoe"

    experts: Tuned[Experts] = 4


class Ple(Way):
    """Experts of each task beside shared ones.

    Attributes:
      experts: Number of each task's experts, and of shared ones, on each level.
    """

    name = "ple"

    experts: Tuned[Experts] = 2


class ModelOptions(Strict):
    """Shape of the network.

    Attributes:
      dim: Width of all vectors.
      dropout: Share of the outputs that training drops in towers, sharing and heads.
      id_dropout: Share of ids that training hides, so that content alone serves unknown ones.
      user_dropout: Share of rows whose user training makes unknown in every respect.
      modality_dropout: Chance of a row to lose all content at once in training and, if it does not,
        of each present modality to be hidden; one always stays.
      missing: What replaces an absent modality: a learned token, the mean of those
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

    dim: Tuned[Width] = 64
    dropout: Tuned[Share] = 0.3
    id_dropout: Tuned[Share] = 0.1
    user_dropout: Tuned[Share] = 0.05
    modality_dropout: Tuned[Share] = 0.0
    missing: Tuned[Literal["token", "mean", "regression", "adversarial"]] = "token"
    fusion: Tuned[Annotated[Way, OneOf(
        "concat", "weighted", "gated", "attention", "co_attention", Late, Hybrid,
    )]] = Field(default="gated", validate_default=True)
    sharing: Tuned[Annotated[Way, OneOf("shared_bottom", Mmoe, Ple, "branches")]] = Field(
        default="shared_bottom", validate_default=True)
    interaction: Tuned[Literal["neural", "inner_product", "concat"]] = "neural"

    @property
    def imputation_learns(self) -> bool:
        """Whether guesses of absent modalities have a loss of their own."""
        return self.missing in ("regression", "adversarial")


class Fitting(Strict):
    """How a model is fitted.

    Attributes:
      batch_size: Rows a step; where `None`, a power of two from 128 to 4096 that makes about 80
        steps an epoch, so that a small dataset gets enough steps and a large one enough negatives.
      learning_rate: The rate of AdamW.
      weight_decay: The decay of weights of AdamW.
      max_epochs: Most passes of the first fit over the training rows.
      patience: Epochs without a better validation NDCG@10 after which the first fit ends.
      precision: Of the numbers that are computed with; `auto` is `mixed_float16` on a GPU, else
        `float32`.
      warm_start: Whether a fit begins with the weights of the last blessed model of the same
        recipe that was trained on other data, ids, categories and words by their names; the first
        time it begins as usual.
    """

    batch_size: Tuned[Rows | None] = None
    learning_rate: Tuned[Positive] = 1e-3
    weight_decay: Tuned[Weight] = 1e-4
    max_epochs: Tuned[Annotated[Count, Field(le=10_000)]] = 30
    patience: Tuned[Count] = 3
    precision: Tuned[Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]] = "auto"
    warm_start: Tuned[bool] = False


class Privacy(Strict):
    """Differentially private training, of which the unit is a user with all events.

    Attributes:
      noise: Standard deviation of the noise in a step, as a multiple of `clip`.
      clip: Largest norm of the gradient of one user's events; a larger one is shortened.
      chance: Each user's chance to be in a step; an epoch has so many steps that each user is in
        one of them on average.
      events: Most events of a user in a step, drawn anew each time.
      delta: Delta of the guarantee, at which its epsilon is reported; well below 1 / users.
    """

    noise: Tuned[Positive] = 1.0
    clip: Tuned[Positive] = 1.0
    chance: Tuned[Annotated[Number, Field(gt=0.0, le=1.0)]] = 0.1
    events: Tuned[Count] = 64
    delta: Tuned[Annotated[Number, Field(gt=0.0, lt=1.0)]] = 1e-5


class Training(Fitting):
    """How a network is fitted.

    Attributes:
      alignment: Weight of a loss (InfoNCE) that lets an item's modalities recognize each other
        among the batch's items; it is not balanced, and is logged as `alignment_loss`.
      privacy: Differentially private training. The second fit has `max_epochs` then, however
        the first one ends.
    """

    alignment: Tuned[Weight] = 0.0
    privacy: Privacy | None = None
