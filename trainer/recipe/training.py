"""The recipe's `training`: how the model is fitted."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from trainer.recipe.augmentation import Augmentation
from trainer.recipe.behaviour import RECONSTRUCTION_WEIGHT
from trainer.recipe.strict import Count, Positive, Strict, Weight

Rows = Annotated[Count, Field(le=2**20)]


class Training(Strict):
    """How the model is fitted.

    Attributes:
      batch_size: Rows a step; where `None`, a power of two from 128 to 4096 that makes about 80
        steps an epoch, so that a small dataset gets enough steps and a large one enough negatives.
      hard_negatives: How many of a batch's negatives count in retrieval for each row, those with
        the largest logits; all where `None`.
      softmax: What retrieval's softmax runs over: the batch's items, or the whole catalogue, whose
        cost a step grows with it.
      alignment: Weight of a loss that lets an item's modalities recognize each other.
      augmentation: How contents change while training.
      reconstruction: Weight of the loss of `model.towers.series: vae`.
    """

    batch_size: Rows | None = None
    learning_rate: Positive = 1e-3
    weight_decay: Weight = 1e-4
    temperature: Positive = 1.0
    hard_negatives: Rows | None = None
    softmax: Literal["batch", "catalogue"] = "batch"
    alignment: Weight = 0.0
    augmentation: Augmentation = Augmentation()
    reconstruction: Positive = RECONSTRUCTION_WEIGHT
    max_epochs: Annotated[Count, Field(le=10_000)] = 30
    patience: Count = 3
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"

    @model_validator(mode="after")
    def _batch_has_the_negatives(self) -> "Training":
        rows, hard = self.batch_size, self.hard_negatives
        if hard is not None and self.softmax == "catalogue":
            raise ValueError("'hard_negatives' chooses among a batch's items, but 'softmax' is "
                             "'catalogue'; give one of the two")
        if rows is not None and hard is not None and hard >= rows:
            raise ValueError(f"'hard_negatives' is {hard}, but a batch of {rows} rows has "
                             f"{rows - 1} negatives for each")
        return self
