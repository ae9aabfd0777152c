"""The recipe's `model.towers`: which network reads a modality, where there are several."""

from typing import Literal

from trainer.recipe.strict import Strict


class Towers(Strict):
    """The kind of tower for each modality that has a choice.

    Attributes:
      text: `tfidf` weighs a text's distinct terms; `bag`, `cnn`, `lstm` and `transformer` read its
        words.
      image: `cnn` learns from pixels; `visual_words` counts the visual words of the table's own
        pictures; `fourier` averages the spectrum over bands.
      history: `means` averages earlier items with learned decays; `gru` and `self_attention` read
        the events in their order, with type, values, gap and hour.
      series: `rnn` reads the events of each day in their order, `vae` encodes them all at once.
    """

    text: Literal["tfidf", "bag", "cnn", "lstm", "transformer"] = "tfidf"
    image: Literal["cnn", "visual_words", "fourier"] = "cnn"
    history: Literal["means", "gru", "self_attention"] = "means"
    series: Literal["rnn", "vae"] = "rnn"
