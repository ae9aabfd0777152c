"""The recipe's `training.augmentation`: contents that change a little in training."""

from trainer.recipe.strict import Share, Strict


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
    """

    text: TextAugmentation = TextAugmentation()
