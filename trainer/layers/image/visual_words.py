"""A tower that reads a picture as a bag of visual words."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from trainer.layers.image.patches import PATCH, patches
from trainer.layers.towers import Tower


@dataclass(frozen=True)
class Codebook:
    """Which word a patch is, and how much a word tells.

    Attributes:
      kernel: `(108, words)`.
      bias: `(words,)`; a patch's word has the largest of `patch @ kernel + bias`: it is the one
        whose centre lies nearest in the whitened space.
      idf: Inverse document frequency of each word, smoothed, `(words,)`.
    """

    kernel: np.ndarray
    bias: np.ndarray
    idf: np.ndarray


@keras.saving.register_keras_serializable("tessera")
class VisualWordsTower(Tower):
    """How often each visual word occurs in a picture, by TF-IDF, through a small network.

    The codebook is a weight that is not trained, so that it travels with the model and a new
    picture is read in the words of the table that it was fitted on. It is not part of
    `get_config`: a tower rebuilt from its configuration needs its weights again.

    Args:
      words: Number of visual words.
      codebook: Their fitted values.
    """

    def __init__(self, dim, words, codebook: Codebook | None = None, **kwargs):
        super().__init__(dim, **kwargs)
        self.words, self._codebook = words, codebook
        self._hidden = keras.layers.Dense(dim, activation="gelu", name="hidden")
        self._project = keras.layers.Dense(dim, name="project")

    def build(self, input_shape):
        """Stores the codebook."""
        shapes = {"kernel": (PATCH * PATCH * 3, self.words), "bias": (self.words,),
                  "idf": (self.words,)}
        for name, shape in shapes.items():
            values = np.zeros(shape) if self._codebook is None else getattr(self._codebook, name)
            weight = self.add_weight(
                shape=shape, dtype="float32", trainable=False, autocast=False, name=name,
                initializer=lambda shape, dtype=None, values=values: ops.convert_to_tensor(
                    values, dtype),
            )
            setattr(self, name, weight)

    def call(self, inputs, training=None):
        """Maps `(pixels (batch, height, width, 3) from 0 to 255, present (batch,))`."""
        pixels, present = inputs
        likeness = ops.matmul(patches(pixels), self.kernel) + self.bias
        share = ops.mean(ops.one_hot(ops.argmax(likeness, axis=-1), self.words), axis=1)
        weight = ops.cast(share, "float32") * self.idf
        length = ops.sqrt(ops.sum(ops.square(weight), axis=-1, keepdims=True) + 1e-12)
        bag = ops.cast(weight / length, self.compute_dtype)
        return self.finish(self._project(self._hidden(bag)), present, training)

    def get_config(self):
        """Returns what the constructor needs, without the codebook."""
        return {**super().get_config(), "words": self.words}
