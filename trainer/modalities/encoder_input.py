"""How a modality gives its raw values to a pretrained encoder."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class EncoderInput:
    """What an encoder of a modality takes.

    Attributes:
      dtype: The tensor's dtype.
      ranks: Numbers of axes that it may have; the largest one is that of a batch.
      words: The same in words.
      reader: Given the recipe's options and the tensor that the network takes, returns what maps
        raw values `(batch,)` to the network's input, the share of it that is no silence (`None`
        where nothing lasts) and 1.0 where there is a value.
      lasts: Whether the network may answer with frames over time, which are averaged.
    """

    dtype: tf.DType
    ranks: tuple[int, ...]
    words: str
    reader: Callable[[Any, tf.TensorSpec], Callable]
    lasts: bool = False

    def one_by_one(self, takes: tf.TensorSpec) -> bool:
        """Returns whether a network takes one value at a time, without an axis for the batch."""
        return len(self.ranks) > 1 and takes.shape.rank == min(self.ranks)


def filled(raw: tf.Tensor) -> tf.Tensor:
    """Returns 1.0 where a string is not empty, `(batch,)`."""
    return tf.cast(tf.strings.length(raw) > 0, tf.float32)
