"""Texts as unordered words."""

import keras

from trainer.layers.text.tokens import TokenTower
from trainer.layers.towers import weighted_mean


@keras.saving.register_keras_serializable("tessera")
class BagTower(TokenTower):
    """The mean of the words' embeddings, every word of a text counting alike.

    After Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text
    classification".
    """

    def read(self, words, mask, training=None):
        """Averages the words."""
        return weighted_mean(words, mask)
