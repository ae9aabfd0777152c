"""The recipe's `model.towers`: which network reads a modality, where there are several."""

from typing import Literal

from trainer.recipe.strict import Strict


class Towers(Strict):
    """The kind of tower for each modality that has a choice.

    Attributes:
      text: `tfidf` weighs a text's distinct terms; `bag`, `cnn`, `lstm` and `transformer` read its
        words.
      image: `cnn` learns from pixels.
      history: `means` averages earlier items with learned decays.
    """

    text: Literal["tfidf", "bag", "cnn", "lstm", "transformer"] = "tfidf"
    image: Literal["cnn"] = "cnn"
    history: Literal["means"] = "means"
