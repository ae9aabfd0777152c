"""Towers that read texts, by the name that a recipe gives them.

`tfidf` reads weighted terms, in no order; the others read token ids `(batch, tokens)` with 0 for
padding.
"""

from collections.abc import Callable

from trainer.layers.text.bag import BagTower
from trainer.layers.text.cnn import CnnTower
from trainer.layers.text.lstm import LstmTower
from trainer.layers.text.tfidf import TfidfTower
from trainer.layers.text.transformer import TransformerTower
from trainer.layers.towers import Tower

TEXT_TOWERS: dict[str, Callable[..., Tower]] = {
    "tfidf": TfidfTower,
    "bag": BagTower,
    "cnn": CnnTower,
    "lstm": LstmTower,
    "transformer": TransformerTower,
}

__all__ = ["TEXT_TOWERS"]
