"""Texts by their most telling phrases."""

import keras
from keras import ops

from trainer.layers.text.tokens import TokenTower


@keras.saving.register_keras_serializable("tessera")
class CnnTower(TokenTower):
    """Convolutions over three, four and five words, each filter's largest answer over the text.

    Kim 2014, "Convolutional neural networks for sentence classification" (arXiv:1408.5882).

    Args:
      widths: Words that a convolution sees at once, one convolution each, of `dim` filters.
    """

    def __init__(self, dim, vocabulary, widths=(3, 4, 5), **kwargs):
        super().__init__(dim, vocabulary, **kwargs)
        self.widths = tuple(widths)
        self._convolutions = [
            keras.layers.Conv1D(dim, width, padding="same", activation="relu",
                                name=f"phrases_{width}")
            for width in self.widths
        ]

    def read(self, words, mask, training=None):
        """Pools each filter over the places that hold a word; no answer is below zero."""
        answers = [convolution(words) * mask[..., None] for convolution in self._convolutions]
        return ops.concatenate([ops.max(answer, axis=1) for answer in answers], axis=1)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "widths": self.widths}
