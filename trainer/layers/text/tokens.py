"""What all towers over token ids share."""

import keras
from keras import ops

from trainer.layers.embedding import RowEmbedding
from trainer.layers.towers import Tower


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
