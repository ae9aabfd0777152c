"""Towers that read texts, by the name that a recipe gives them.

`tfidf` reads weighted terms, in no order; the others read token ids `(batch, tokens)` with 0 for
padding.
"""

from collections.abc import Callable, Sequence

import keras
from keras import ops

from trainer.layers.lookup import RowEmbedding
from trainer.layers.towers import Tower, weighted_mean


class TokenTower(Tower):
    """Embeds token ids, lets a subclass read the vectors, and projects what it found.

    Args:
      vocabulary: Number of ids, padding and the unknown word included.
    """

    def __init__(self, dim, vocabulary: int, **kwargs):
        super().__init__(dim, **kwargs)
        self.vocabulary = vocabulary
        self._embedding = RowEmbedding(vocabulary, dim, name="embedding")
        self._project = keras.layers.Dense(dim, name="project")

    def read(self, words, mask, training=None):
        """Reads texts.

        Args:
          words: Vectors of words, `(batch, tokens, dim)`, zeros for padding.
          mask: 1 for a word and 0 for padding, `(batch, tokens)`, of the words' dtype.
          training: Whether to drop anything.

        Returns:
          `(batch, any width)`.
        """
        raise NotImplementedError

    def call(self, index, training=None):
        """Maps token ids `(batch, tokens)`, 0 for padding, to vectors."""
        words = self._embedding(index)
        mask = ops.cast(index > 0, words.dtype)
        vector = self._project(self.read(words * mask[..., None], mask, training))
        return self.finish(vector, ops.max(ops.cast(mask, "float32"), axis=1), training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "vocabulary": self.vocabulary}


@keras.saving.register_keras_serializable("tessera")
class BagTower(TokenTower):
    """The mean of the words' embeddings, every word of a text counting alike.

    After Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text
    classification".
    """

    def read(self, words, mask, training=None):
        """Averages the words."""
        return weighted_mean(words, mask)


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
        outputs = [convolution(words) * mask[..., None] for convolution in self._convolutions]
        return ops.concatenate([ops.max(output, axis=1) for output in outputs], axis=1)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "widths": self.widths}


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


@keras.saving.register_keras_serializable("tessera")
class TfidfTower(Tower):
    """Bags of terms: the embeddings of each kind of terms, averaged by TF-IDF weight.

    Args:
      vocabularies: Number of indices of each kind, padding and unknown terms included.
    """

    def __init__(self, dim, vocabularies: Sequence[int], **kwargs):
        super().__init__(dim, **kwargs)
        self.vocabularies = list(vocabularies)
        self._embeddings = [RowEmbedding(size, dim, name=f"embedding_{number}")
                            for number, size in enumerate(self.vocabularies)]
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, inputs, training=None):
        """Maps texts to vectors.

        Args:
          inputs: For each kind, distinct terms and their weights, both `(batch, terms)`, one
            behind the other.
        """
        bags = list(zip(self._embeddings, inputs[::2], inputs[1::2], strict=True))
        means = [weighted_mean(embed(index), ops.cast(weight, "float32"))
                 for embed, index, weight in bags]
        present = ops.max(ops.concatenate([index for _, index, _ in bags], axis=1), axis=1) > 0
        vector = self._project(ops.concatenate(means, axis=1))
        return self.finish(vector, ops.cast(present, "float32"), training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "vocabularies": self.vocabularies}


TEXT_TOWERS: dict[str, Callable[..., Tower]] = {
    "tfidf": TfidfTower,
    "bag": BagTower,
    "cnn": CnnTower,
    "lstm": LstmTower,
    "transformer": TransformerTower,
}
