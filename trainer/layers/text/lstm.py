"""Texts word by word, from both ends."""

import keras
from keras import ops

from trainer.layers.text.tokens import TokenTower


@keras.saving.register_keras_serializable("tessera")
class LstmTower(TokenTower):
    """A bidirectional LSTM's last states; padding is skipped.

    Hochreiter & Schmidhuber 1997, "Long short-term memory".
    """

    def __init__(self, dim, vocabulary, **kwargs):
        super().__init__(dim, vocabulary, **kwargs)
        self._lstm = keras.layers.Bidirectional(
            keras.layers.LSTM(max(dim // 2, 1), name="lstm"), name="both_ways")

    def read(self, words, mask, training=None):
        """Reads words in both directions."""
        # An empty text, whose vector counts nowhere, is one empty word: cuDNN takes none of none.
        first = ops.arange(ops.shape(mask)[1])[None, :] == 0
        return self._lstm(words, mask=ops.logical_or(mask > 0, first), training=training)
