"""The recipe's `model.towers`: which network reads a modality, where there are several."""

from typing import Literal

from trainer.recipe.strict import Strict


class Towers(Strict):
    """The kind of tower for each modality that has a choice.

    Attributes:
      text: `tfidf` weighs a text's distinct words.
      image: `cnn` learns from pixels; `visual_words` counts the visual words of the table's own
        pictures; `fourier` averages the spectrum over bands.
      history: `means` averages earlier items with learned decays.
    """

    text: Literal["tfidf"] = "tfidf"
    image: Literal["cnn", "visual_words", "fourier"] = "cnn"
    history: Literal["means"] = "means"
