"""Imputation: what replaces absent modalities, between towers and fusion.

Every imputation maps `(vectors, present, truth, there)` to `(filled, usable, loss)`. `vectors`
`(batch, modalities, dim)` and `present` `(batch, modalities)` are what fusion would get without
it, tokens in the place of what is absent or hidden; `truth` and `there` are the same before
modality dropout hid anything. In a row that has something, each modality is usable afterwards: a
guess takes part in the fusion, or it could change nothing. A row that has nothing keeps its
tokens. `loss` `(batch,)` is what the row's guesses cost in training, 0 for an imputation that
does not learn.
"""

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
    shares = (weights + 1e-9) * ops.cast(present, weights.dtype)
    return shares / ops.maximum(ops.sum(shares, axis=1, keepdims=True), 1e-12)


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
    """Returns which modalities a guess can be held against.

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


@keras.saving.register_keras_serializable("tessera")
class MeanImputation(keras.layers.Layer):
    """Puts a modality's mean vector over the rows that have it where it is absent.

    The mean is a running one over training batches, each of their rows with the same weight; it is
    no trained weight, and no gradient passes it.

    Args:
      momentum: What is left of older batches after each step.
    """

    def __init__(self, momentum: float = 0.99, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum

    def build(self, vectors_shape, *shapes):
        """Creates the running sums."""
        modalities, width = vectors_shape[1:]
        # Devices that share a step average both, and their ratio stays the mean.
        self.total, self.count = (
            self.add_weight(shape=(modalities, size), initializer="zeros", trainable=False,
                            autocast=False, dtype="float32", aggregation="mean", name=name)
            for name, size in (("total", width), ("count", 1)))

    def call(self, vectors, present, truth, there, training=None):
        """Fills, see the package."""
        if training:
            known = ops.cast(there, "float32")[:, :, None]
            rows = ops.cast(ops.stop_gradient(truth), "float32") * known
            self.total.assign(self.total * self.momentum + ops.sum(rows, axis=0))
            self.count.assign(self.count * self.momentum + ops.sum(known, axis=0))
        mean = self.total / ops.maximum(self.count, 1e-6)
        filled, usable = fill(vectors, present, mean[None])
        return filled, usable, ops.zeros_like(usable[:, 0])

    def compute_output_spec(self, vectors, present, truth, there, training=None):
        """Keeps shapes, and adds a number a row."""
        return (keras.KerasTensor(vectors.shape, self.compute_dtype),
                keras.KerasTensor(present.shape, "float32"),
                keras.KerasTensor(present.shape[:1], "float32"))

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "momentum": self.momentum}


@keras.saving.register_keras_serializable("tessera")
class RegressionImputation(keras.layers.Layer):
    """Guesses an absent modality's vector by a network over the present ones.

    Each modality that is there, hidden by modality dropout or not, must be reconstructed from the
    others that were left: the loss is the squared error, the target takes no gradient. After the
    cross-modal regressions of Ngiam et al. 2011, "Multimodal deep learning", section 4.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._guess = OthersToOne(name="guess")

    def build(self, vectors_shape, *shapes):
        """Creates the network."""
        self._guess.build(vectors_shape)

    def call(self, vectors, present, truth, there, training=None):
        """Fills, see the package."""
        guesses = self._guess(vectors, present)
        filled, usable = fill(vectors, present, guesses)
        return filled, usable, self.cost(guesses, present, truth, there)

    def cost(self, guesses, present, truth, there):
        """Returns each row's mean squared error over what can be held against the truth."""
        error = ops.cast(guesses, "float32") - ops.stop_gradient(ops.cast(truth, "float32"))
        return row_mean(ops.mean(ops.square(error), axis=-1), guessable(present, there))


@keras.saving.register_keras_serializable("tessera")
class AdversarialImputation(RegressionImputation):
    """Cross-modal generation: a guess must also pass for a vector of its modality.

    A discriminator for each modality separates true vectors from generated ones; the generator, the
    network of the regression, learns to deceive it, so that guesses have the spread of true
    vectors and not that of their mean (Cai et al. 2018, "Deep adversarial learning for
    multi-modality missing data completion"; reconstruction beside it as in Pathak et al. 2016,
    arXiv:1604.07379). The two share an optimizer: the gradient turns round between them (Ganin and
    Lempitsky 2015, arXiv:1409.7495).

    Args:
      weight: Of the discriminator's loss, beside the reconstruction's.
    """

    def __init__(self, weight: float = 0.1, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight

    def build(self, vectors_shape, *shapes):
        """Creates generator and discriminator."""
        super().build(vectors_shape)
        self._hidden = PerModality(vectors_shape[2], "gelu", name="discriminator_hidden")
        self._hidden.build(vectors_shape)
        self._judge = PerModality(1, name="discriminator")
        self._judge.build(vectors_shape)

    def cost(self, guesses, present, truth, there):
        """Returns each row's reconstruction and its share of the game."""
        known = guessable(present, there)
        true = self._logits(ops.stop_gradient(truth))
        generated = self._logits(reverse_gradient(guesses))
        game = ops.softplus(-true) + ops.softplus(generated)
        return super().cost(guesses, present, truth, there) + self.weight * row_mean(game, known)

    def _logits(self, vectors):
        """Returns how true vectors look, float32 `(batch, modalities)`."""
        return ops.cast(self._judge(self._hidden(vectors))[..., 0], "float32")

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "weight": self.weight}


def reverse_gradient(values):
    """Returns the values; a gradient that comes back changes its sign."""
    return 2 * ops.stop_gradient(values) - values


IMPUTATIONS = {
    "mean": MeanImputation,
    "regression": RegressionImputation,
    "adversarial": AdversarialImputation,
}
