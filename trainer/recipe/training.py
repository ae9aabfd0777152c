"""The recipe's `training`: how the model is fitted."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from trainer.recipe.augmentation import Augmentation
from trainer.recipe.strict import Strict


class Training(Strict):
    """How the model is fitted.

    Attributes:
      batch_size: Rows a step; where `None`, a power of two from 128 to 4096 that makes about 80
        steps an epoch, so that a small dataset gets enough steps and a large one enough negatives.
      hard_negatives: How many of a batch's negatives count in retrieval for each row, those with
        the largest logits; all where `None`.
      alignment: Weight of a loss that lets an item's modalities recognize each other.
      augmentation: How content is varied.
    """

    batch_size: PositiveInt | None = None
    learning_rate: PositiveFloat = 1e-3
    weight_decay: Annotated[float, Field(ge=0.0)] = 1e-4
    temperature: PositiveFloat = 1.0
    hard_negatives: PositiveInt | None = None
    alignment: Annotated[float, Field(ge=0.0)] = 0.0
    augmentation: Augmentation = Augmentation()
    max_epochs: PositiveInt = 30
    patience: PositiveInt = 3
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"

    @model_validator(mode="after")
    def _batch_has_the_negatives(self) -> "Training":
        rows, hard = self.batch_size, self.hard_negatives
        if rows is not None and hard is not None and hard >= rows:
            raise ValueError(f"'hard_negatives' is {hard}, but a batch of {rows} rows has "
                             f"{rows - 1} negatives for each")
        return self
