"""Texts whose words look at each other."""

import keras
from keras import ops

from trainer.layers.text.tokens import TokenTower
from trainer.layers.towers import weighted_mean


@keras.saving.register_keras_serializable("tessera")
class Positions(keras.layers.Layer):
    """Adds a learned vector for each place to words `(batch, tokens, dim)`."""

    def build(self, input_shape):
        """Creates the vectors."""
        self.places = self.add_weight(
            shape=input_shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="places")

    def call(self, words):
        """Returns the words, each with its place."""
        return words + ops.cast(self.places, words.dtype)


@keras.saving.register_keras_serializable("tessera")
class TransformerTower(TokenTower):
    """One block of self-attention over the words, then their mean.

    Vaswani et al. 2017 (arXiv:1706.03762), normalized before each part (Xiong et al. 2020,
    arXiv:2002.04745), with learned positions.
    """

    def __init__(self, dim, vocabulary, **kwargs):
        super().__init__(dim, vocabulary, **kwargs)
        # Heads of one number each differ between backends (Keras 3.15 on JAX 0.4.34).
        heads = next((n for n in (4, 2) if dim % n == 0 and dim > n), 1)
        self._positions = Positions(name="positions")
        self._attention = keras.layers.MultiHeadAttention(
            heads, dim // heads, dropout=self.dropout, name="attention")
        self._before = [keras.layers.LayerNormalization(name=f"before_{part}")
                        for part in ("attention", "feed_forward")]
        self._hidden = keras.layers.Dense(2 * dim, activation="gelu", name="hidden")
        self._output = keras.layers.Dense(dim, name="output")

    def read(self, words, mask, training=None):
        """Lets every word attend to all words of its text, and averages."""
        words = self._positions(words)
        seen = self._before[0](words)
        words = words + self._attention(
            seen, seen, attention_mask=(mask > 0)[:, None, :], training=training)
        words = words + self._output(self._hidden(self._before[1](words)))
        return weighted_mean(words, mask)
