"""The parts of a network that a gradient reaches, with the names of what they embed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from trainer.modalities.terms import UNKNOWN
from trainer.model import Network
from trainer.network.part import Embedded, Numbers, Part


@dataclass(frozen=True)
class Reader:
    """A part, as its gradients are read.

    Attributes:
      part: The part, with its layer.
      terms: What the indices of its embeddings mean, for each embedding; none of ids.
    """

    part: Part
    terms: tuple[tf.Variable, ...] = ()

    @property
    def by_index(self) -> bool:
        """Whether it embeds what it reads; else it reads numbers."""
        return not self.numbers

    @property
    def numbers(self) -> list[Numbers]:
        """The numbers that it reads; none where it embeds."""
        return [one for one in self.part.gradient if isinstance(one, Numbers)]


def readers(network: Network, transforms: dict[str, tft.TFTransformOutput]) -> Iterator[Reader]:
    """Yields the parts whose inputs a gradient reaches.

    Args:
      network: The network.
      transforms: The outputs of the transforms, by table, which know the vocabularies.
    """
    for part in (*network.user_parts, *network.item_parts):
        if part.gradient:
            names = [one.vocabulary for one in part.gradient
                     if isinstance(one, Embedded) and one.vocabulary]
            yield Reader(part, tuple(_terms(name, transforms[part.side]) for name in names))


def _terms(vocabulary: str, transform: tft.TFTransformOutput) -> tf.Variable:
    # As Transform counts: 0 is none, and the unknown come last.
    known = [b"", *transform.vocabulary_by_name(vocabulary), UNKNOWN.encode()]
    return tf.Variable(np.array(known, dtype=object), trainable=False)
