"""The recipe's `training.augmentation`: how content is varied in training."""

from typing import Annotated

from pydantic import Field

from trainer.recipe.strict import Strict

Strength = Annotated[float, Field(ge=0.0, le=1.0)]


class Augmentation(Strict):
    """How much training varies content, 0 for not at all, to 1.

    Attributes:
      image: Pictures and the frames of videos are mirrored, cropped, brightened.
      sound: Frequencies and stretches of time are hidden in spectrograms.
    """

    image: Strength = 0.0
    sound: Strength = 0.0
