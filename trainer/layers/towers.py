"""Towers: one feature to a vector and a flag: whether the feature is present.

Every tower maps its columns to `(vector: (batch, dim), present: (batch,))`. Where the feature is
absent, the vector is a learned token: zeros would pass for data.
"""

import keras
from keras import ops

from trainer.layers.lookup import RowEmbedding


@keras.saving.register_keras_serializable("tessera")
class MissingToken(keras.layers.Layer):
    """Puts a learned token in the place of absent vectors.

    Call it with `(vector (batch, dim), present (batch,))`; it returns `(batch, dim)`.
    """

    def build(self, input_shape):
        """Creates the token."""
        self.token = self.add_weight(
            shape=(input_shape[0][-1],), initializer="zeros", name="token"
        )

    def call(self, inputs):
        """Returns the vector where present, else the token."""
        vector, present = inputs
        present = ops.cast(present, vector.dtype)[:, None]
        return vector * present + ops.cast(self.token, vector.dtype) * (1 - present)


@keras.saving.register_keras_serializable("tessera")
class Tower(keras.layers.Layer):
    """Base of the towers: a body for present rows, a token for the others.

    Args:
      dim: Width of the vector.
      dropout: Share of the body's outputs that training drops.
    """

    def __init__(self, dim: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.dropout = dim, dropout
        self._missing = MissingToken(name="missing")
        self._drop = keras.layers.Dropout(dropout)
        self._norm = keras.layers.LayerNormalization(name="norm")

    def finish(self, vector, present, training=None):
        """Normalizes, drops and masks a body's output."""
        vector = self._drop(self._norm(vector), training=training)
        return self._missing((vector, present)), present

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "dim": self.dim, "dropout": self.dropout}


@keras.saving.register_keras_serializable("tessera")
class TableTower(Tower):
    """Base of the towers that read indices by a table which others read too.

    Args:
      embedding: The table.
    """

    def __init__(self, dim, embedding, **kwargs):
        super().__init__(dim, **kwargs)
        self.embedding = embedding

    def get_config(self):
        """Returns what the constructor needs."""
        embedding = keras.saving.serialize_keras_object(self.embedding)
        return {**super().get_config(), "embedding": embedding}

    @classmethod
    def from_config(cls, config):
        """Rebuilds the tower with a table of its own."""
        config = dict(config)
        config["embedding"] = keras.saving.deserialize_keras_object(config["embedding"])
        return cls(**config)


@keras.saving.register_keras_serializable("tessera")
class IdTower(TableTower):
    """An embedding by index; index 0 is an unknown id.

    In training a share of the ids is made unknown, so that content alone learns to serve.

    Args:
      embedding: The table, shared with whoever reads the same ids.
      id_dropout: Share of ids hidden in training.
      seed: Seed of what is hidden.
    """

    def __init__(self, dim, embedding, id_dropout=0.0, seed=0, **kwargs):
        super().__init__(dim, embedding, **kwargs)
        self.id_dropout, self.seed = id_dropout, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, index, training=None):
        """Maps indices `(batch,)` to vectors."""
        present = ops.cast(index > 0, "float32")
        if training and self.id_dropout:
            kept = keras.random.uniform(ops.shape(index), seed=self._random) >= self.id_dropout
            present = present * ops.cast(kept, "float32")
        return self.finish(self.embedding(index), present, training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "id_dropout": self.id_dropout, "seed": self.seed}


@keras.saving.register_keras_serializable("tessera")
class CategoricalTower(Tower):
    """The mean embedding of a feature's values; index 0 is padding.

    Args:
      vocabulary: Number of indices, padding and unknown values included.
    """

    def __init__(self, dim, vocabulary, **kwargs):
        super().__init__(dim, **kwargs)
        self.vocabulary = vocabulary
        self._embedding = RowEmbedding(vocabulary, dim, name="embedding")

    def call(self, index, training=None):
        """Maps indices `(batch, values)` to vectors."""
        weight = ops.cast(index > 0, "float32")
        vector = weighted_mean(self._embedding(index), weight)
        return self.finish(vector, ops.max(weight, axis=1), training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "vocabulary": self.vocabulary}


@keras.saving.register_keras_serializable("tessera")
class NumericTower(Tower):
    """A small network over one or more numbers."""

    def __init__(self, dim, **kwargs):
        super().__init__(dim, **kwargs)
        self._hidden = keras.layers.Dense(dim, activation="gelu", name="hidden")
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, inputs, training=None):
        """Maps `(values (batch, width), present (batch,))` to vectors."""
        values, present = inputs
        return self.finish(self._project(self._hidden(values)), present, training)


@keras.saving.register_keras_serializable("tessera")
class ImageTower(Tower):
    """Three strided convolutions over a small picture.

    Args:
      channels: Channels of the first convolution; each further one doubles them.
    """

    def __init__(self, dim, channels=16, **kwargs):
        super().__init__(dim, **kwargs)
        self.channels = channels
        # Patches first: a quarter of the work of a dense convolution at full size.
        self._convolutions = [
            keras.layers.Conv2D(channels, 4, strides=4, padding="same", activation="relu",
                                name="patches"),
            keras.layers.Conv2D(2 * channels, 3, strides=2, padding="same", activation="relu",
                                name="shapes"),
            keras.layers.Conv2D(4 * channels, 3, strides=2, padding="same", activation="relu",
                                name="scene"),
        ]
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, inputs, training=None):
        """Maps `(pixels (batch, height, width, 3) from 0 to 255, present (batch,))`."""
        pixels, present = inputs
        features = ops.cast(pixels, self.compute_dtype) / 127.5 - 1.0
        for convolution in self._convolutions:
            features = convolution(features)
        flat = ops.mean(features, axis=(1, 2))
        return self.finish(self._project(flat), present, training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "channels": self.channels}


def weighted_mean(vectors, weights):
    """Averages vectors by weight.

    Args:
      vectors: `(batch, length, dim)`.
      weights: Not negative, `(batch, length)`.

    Returns:
      `(batch, dim)`, zeros where all weights are zero.
    """
    weights = ops.cast(weights, vectors.dtype)
    total = ops.sum(weights, axis=1, keepdims=True)
    return ops.einsum("bl,bld->bd", weights, vectors) / ops.maximum(total, 1e-6)


def masked_softmax(logits, mask):
    """Normalizes weights over the places that a mask leaves.

    Args:
      logits: `(..., places)`.
      mask: 1 or 0, broadcastable to the logits.

    Returns:
      Weights like `logits`, 0 where the mask is 0; they sum to 1, or to 0 where nothing is left.
    """
    mask = ops.cast(mask, logits.dtype)
    # The shift keeps the exponentials finite; it changes no weight and needs no gradient.
    top = ops.stop_gradient(ops.max(ops.where(mask > 0, logits, -1e9), axis=-1, keepdims=True))
    weights = ops.exp(ops.where(mask > 0, logits - top, 0.0)) * mask
    return weights / ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 1e-9)
