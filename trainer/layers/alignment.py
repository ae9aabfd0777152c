"""Contrastive alignment: an item's modalities should find each other among all items."""

import itertools

import keras
from keras import ops

from trainer.layers.fusion.parts import PerModality

_NEVER = -1e9


@keras.saving.register_keras_serializable("tessera")
class ModalityAlignment(keras.layers.Layer):
    """The InfoNCE loss between every two modalities of a batch's items.

    A modality's vector is projected, and must recognize that of its item's other modality among
    those of the batch's other items (van den Oord et al. 2018, arXiv:1807.03748; both directions
    as in Radford et al. 2021, arXiv:2103.00020). Items that lack one of the two do not count, and
    an item that is in the batch twice is not held against itself.

    Args:
      dim: Width of the projections.
      temperature: Divides the cosines.
    """

    def __init__(self, dim: int, temperature: float = 0.1, **kwargs):
        super().__init__(autocast=False, **kwargs)  # losses stay in float32
        self.dim, self.temperature = dim, temperature

    def build(self, vectors_shape, present_shape=None, index_shape=None):
        """Creates a projection for each modality."""
        self.project = PerModality(self.dim, name="project", dtype="float32")
        self.project.build(vectors_shape)

    def call(self, vectors, present, index):
        """Returns the loss.

        Args:
          vectors: `(batch, modalities, width)`.
          present: 1 or 0, `(batch, modalities)`.
          index: What identifies an item, `(batch,)`.

        Returns:
          A scalar: the mean over pairs of modalities, 0 where no item has two.
        """
        projected = self.project(ops.cast(vectors, "float32"))
        length = ops.sqrt(ops.sum(ops.square(projected), axis=-1, keepdims=True) + 1e-6)
        unit, present = projected / length, ops.cast(present, "float32")
        itself = ops.eye(ops.shape(index)[0])
        twin = ops.cast(ops.equal(index[:, None], index[None, :]), "float32") * (1 - itself)
        total, pairs = 0.0, 0.0
        for one, other in itertools.combinations(range(vectors.shape[1]), 2):
            both = present[:, one] * present[:, other]
            cosines = ops.matmul(unit[:, one], ops.transpose(unit[:, other])) / self.temperature
            there = both[:, None] * both[None, :] * (1 - twin)
            cosines = ops.where(there > 0, cosines, _NEVER)
            positive = ops.diagonal(cosines)
            loss = (ops.logsumexp(cosines, axis=1) + ops.logsumexp(cosines, axis=0)) / 2 - positive
            rows = ops.sum(both)
            total = total + ops.sum(both * loss) / ops.maximum(rows, 1.0)
            pairs = pairs + ops.cast(rows > 0, "float32")
        return total / ops.maximum(pairs, 1.0)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "dim": self.dim, "temperature": self.temperature}
