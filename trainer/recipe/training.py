"""The recipe's `training`: how a model is fitted epoch by epoch."""

from typing import Annotated, Literal

from pydantic import Field

from trainer.options import Count, Number, Positive, Strict, Weight

Rows = Annotated[Count, Field(le=2**20)]


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

    batch_size: Rows | None = None
    learning_rate: Positive = 1e-3
    weight_decay: Weight = 1e-4
    max_epochs: Annotated[Count, Field(le=10_000)] = 30
    patience: Count = 3
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"
    warm_start: bool = False


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

    noise: Positive = 1.0
    clip: Positive = 1.0
    chance: Annotated[Number, Field(gt=0.0, le=1.0)] = 0.1
    events: Count = 64
    delta: Annotated[Number, Field(gt=0.0, lt=1.0)] = 1e-5


class Training(Fitting):
    """How a network is fitted.

    Attributes:
      alignment: Weight of a loss (InfoNCE) that lets an item's modalities recognize each other
        among the batch's items; it is not balanced, and is logged as `alignment_loss`.
      privacy: Differentially private training. The second fit has `max_epochs` then, however
        the first one ends, and `batch_size` is not read.
    """

    alignment: Weight = 0.0
    privacy: Privacy | None = None
