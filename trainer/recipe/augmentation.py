"""The recipe's `training.augmentation`: contents that change a little in training."""

from typing import Annotated

from pydantic import Field

from trainer.recipe.strict import Number, Share, Strict

Strength = Annotated[Number, Field(ge=0.0, le=1.0)]


class TextAugmentation(Strict):
    """Changes of texts.

    Attributes:
      hidden: Share of a text's words (of its terms, with the tower `tfidf`) that are left out.
      swapped: Share of its words that change places with a neighbour.
    """

    hidden: Share = 0.0
    swapped: Share = 0.0


class Augmentation(Strict):
    """What training changes, by modality; serving and evaluation change nothing.

    Attributes:
      text: Changes of texts.
      image: How much pictures and the frames of videos are mirrored, cropped, brightened.
      sound: How much of frequencies and time is hidden in spectrograms.
    """

    text: TextAugmentation = TextAugmentation()
    image: Strength = 0.0
    sound: Strength = 0.0
