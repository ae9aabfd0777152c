"""Absent modalities are predicted from the present ones."""

import keras
from keras import ops

from trainer.layers.imputation.parts import OthersToOne, fill, guessable, row_mean


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
