"""Absent modalities are generated from the present ones, against a discriminator."""

import keras
from keras import ops

from trainer.layers.fusion.parts import PerModality
from trainer.layers.imputation.parts import guessable, row_mean
from trainer.layers.imputation.regression import RegressionImputation


@keras.saving.register_keras_serializable("tessera")
class AdversarialImputation(RegressionImputation):
    """Cross-modal generation: a guess must also pass for a vector of its modality.

    A discriminator for each modality tells true vectors from generated ones; the generator, the
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
