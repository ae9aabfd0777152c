"""Texts as weighted bags of terms."""

from collections.abc import Sequence

import keras
from keras import ops

from trainer.layers.embedding import RowEmbedding
from trainer.layers.towers import Tower, weighted_mean


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
