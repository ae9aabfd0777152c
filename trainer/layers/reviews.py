"""The tower over reviews: what a user wrote, or what was written of an item."""

import keras
from keras import ops

from trainer.layers.towers import TableTower, masked_softmax


@keras.saving.register_keras_serializable("tessera")
class ReviewTower(TableTower):
    """A mean of words, weighed by how telling each is; an opinion hangs on few of them.

    After the word attention of Yang et al. 2016, "Hierarchical attention networks".

    Args:
      embedding: The words' table, shared by the users' and the items' reviews; index 0 is none.
    """

    def __init__(self, dim, embedding, **kwargs):
        super().__init__(dim, embedding, **kwargs)
        self._hidden = keras.layers.Dense(dim, activation="tanh", name="hidden")
        self._telling = keras.layers.Dense(1, use_bias=False, name="telling")
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, index, training=None):
        """Maps words `(batch, words)` to `(vector (batch, dim), present (batch,))`."""
        known = ops.cast(index > 0, "float32")
        words = self.embedding(index)
        logits = ops.cast(self._telling(self._hidden(words))[:, :, 0], "float32")
        weights = ops.cast(masked_softmax(logits, known), words.dtype)
        vector = self._project(ops.einsum("bw,bwd->bd", weights, words))
        return self.finish(vector, ops.max(known, axis=1), training)
