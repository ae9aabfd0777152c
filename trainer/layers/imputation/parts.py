"""What several imputations are made of."""

import keras
from keras import ops

from trainer.layers.fusion.parts import PerModality


def fill(vectors, present, guesses):
    """Puts guesses in the place of what is absent, in rows that have something.

    Args:
      vectors: `(batch, modalities, dim)`.
      present: 1 or 0, `(batch, modalities)`.
      guesses: `(batch, modalities, dim)`, or anything that broadcasts to it.

    Returns:
      The filled vectors, and which of them may weigh: all in rows that have something, none in
      the others, `(batch, modalities)`.
    """
    present = ops.cast(present, "float32")
    usable = ops.zeros_like(present) + ops.max(present, axis=1, keepdims=True)
    guessed = ops.cast(usable - present, vectors.dtype)[:, :, None]
    return vectors * (1 - guessed) + ops.cast(guesses, vectors.dtype) * guessed, usable


def observed(weights, present):
    """Gives the weights of a fusion to the modalities that were there.

    A guess is made of the others, and says nothing that they do not.

    Args:
      weights: `(batch, modalities)`, each row's sum 1.
      present: 1 or 0, `(batch, modalities)`.

    Returns:
      Weights of sum 1, 0 where a modality is absent; where all are, all are 0.
    """
    left = (weights + 1e-9) * ops.cast(present, weights.dtype)
    return left / ops.maximum(ops.sum(left, axis=1, keepdims=True), 1e-12)


@keras.saving.register_keras_serializable("tessera")
class OthersToOne(keras.layers.Layer):
    """Guesses each modality's vector from those of the others, never from itself.

    A hidden layer and an affine map for each modality. No gradient reaches the vectors that it
    reads: towers must not become easy to guess.

    Args:
      hidden: Width of the hidden layer; that of the vectors where `None`.
    """

    def __init__(self, hidden: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.hidden = hidden

    def build(self, vectors_shape, present_shape=None):
        """Creates a kernel for each pair of modalities."""
        batch, modalities, width = vectors_shape
        hidden = self.hidden or width
        reach = (6 / (width * max(modalities - 1, 1) + hidden)) ** 0.5
        self.kernel = self.add_weight(
            shape=(modalities, modalities, width, hidden), name="kernel",
            initializer=keras.initializers.RandomUniform(-reach, reach))
        self.flags = self.add_weight(
            shape=(modalities, modalities, hidden), initializer="zeros", name="flags")
        self.bias = self.add_weight(shape=(modalities, hidden), initializer="zeros", name="bias")
        self.out = PerModality(width, name="out")
        self.out.build((batch, modalities, hidden))

    def call(self, vectors, present):
        """Maps `(batch, modalities, dim)` and flags to guesses `(batch, modalities, dim)`."""
        there = ops.cast(present, vectors.dtype)
        seen = ops.stop_gradient(vectors) * there[:, :, None]
        # From the second axis to the first.
        others = 1 - ops.eye(vectors.shape[1], dtype=vectors.dtype)
        hidden = ops.einsum("bsw,tswh->bth", seen, self.kernel * others[:, :, None, None])
        hidden = hidden + ops.einsum("bs,tsh->bth", there, self.flags * others[:, :, None])
        return self.out(keras.activations.gelu(hidden + self.bias))

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "hidden": self.hidden}


def guessable(present, there):
    """Tells which modalities a guess can be held against.

    Args:
      present: What was left to guess from, 1 or 0, `(batch, modalities)`.
      there: What there was, 1 or 0, `(batch, modalities)`.

    Returns:
      float32 `(batch, modalities)`: 1 where the modality was there and another was left.
    """
    present, there = ops.cast(present, "float32"), ops.cast(there, "float32")
    others = ops.sum(present, axis=1, keepdims=True) - present
    return there * ops.cast(others > 0, "float32")


def row_mean(values, weights):
    """Returns each row's weighted mean, `(batch,)`, 0 where no weight is left."""
    total = ops.maximum(ops.sum(weights, axis=1), 1.0)
    return ops.sum(values * weights, axis=1) / total
