"""Texts that change a little each time training meets them.

Random deletion and random swap of Wei & Zou 2019, "EDA: easy data augmentation" (arXiv:1901.11196);
swaps are of neighbours, so that phrases come apart and sentences do not.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class WordNoise(keras.layers.Layer):
    """Hides words of token ids and swaps neighbours, in training only.

    Args:
      hidden: Share of a text's words that disappear; one always stays.
      swapped: Share of its words that change places with a neighbour.
      seed: Seed of both; where `None`, drawn from Keras' own as that of its Dropout.
    """

    def __init__(self, hidden: float = 0.0, swapped: float = 0.0, seed: int | None = None,
                 **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.swapped, self.seed = hidden, swapped, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, index, training=None):
        """Maps token ids `(batch, tokens)` to token ids, without gaps between words."""
        if not training:
            return index
        if self.swapped:
            index = self._swap(index)
        if self.hidden:
            index = _packed(index * ops.cast(_kept(index, self.hidden, self._random), index.dtype))
        return index

    def _swap(self, index):
        batch, tokens = ops.shape(index)
        place = ops.arange(tokens, dtype="int32")[None, :]
        # Pairs start at the first or at the second word, so that any two neighbours may meet.
        late = ops.cast(keras.random.uniform((batch, 1), seed=self._random) < 0.5, "int32")
        shifted = place + late
        partner = shifted + 1 - 2 * (shifted % 2) - late
        inside = ops.logical_and(partner >= 0, partner < tokens)
        partner = ops.clip(partner, 0, tokens - 1)
        chance = keras.random.uniform((batch, tokens // 2 + 1), seed=self._random)
        chosen = ops.take_along_axis(chance, shifted // 2, axis=1) < self.swapped
        other = ops.take_along_axis(index, partner, axis=1)
        words = ops.logical_and(index > 0, other > 0)
        return ops.where(ops.logical_and(ops.logical_and(inside, chosen), words), other, index)

    def compute_output_spec(self, index, training=None):
        """Keeps shape and dtype."""
        return keras.KerasTensor(index.shape, index.dtype)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "hidden": self.hidden, "swapped": self.swapped,
                "seed": self.seed}


@keras.saving.register_keras_serializable("tessera")
class TermNoise(keras.layers.Layer):
    """Hides weighted terms in training only; in a bag there is nothing to swap.

    Args:
      hidden: Share of a text's terms that disappear; one always stays.
      seed: Seed of the choice; where `None`, drawn from Keras' own.
    """

    def __init__(self, hidden: float, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.hidden, self.seed = hidden, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=None):
        """Maps terms and their weights, both `(batch, terms)`, to the same, 0 where hidden."""
        index, weight = inputs
        if not training or not self.hidden:
            return index, weight
        kept = _kept(index, self.hidden, self._random)
        return index * ops.cast(kept, index.dtype), weight * ops.cast(kept, weight.dtype)

    def compute_output_spec(self, inputs, training=None):
        """Keeps shapes and dtypes."""
        return tuple(keras.KerasTensor(each.shape, each.dtype) for each in inputs)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "hidden": self.hidden, "seed": self.seed}


def _kept(index, rate, random):
    """Returns which words stay, `(batch, words)`: all by chance, and the luckiest of each text."""
    chance = keras.random.uniform(ops.shape(index), seed=random)
    chance = ops.where(index > 0, chance, -1.0)
    lucky = ops.equal(chance, ops.max(chance, axis=1, keepdims=True))
    return ops.logical_or(lucky, chance >= rate)


def _packed(index):
    """Moves words to the left over the gaps between them."""
    tokens = ops.shape(index)[1]
    place = ops.arange(tokens, dtype="int32")[None, :]
    order = ops.argsort(place + tokens * ops.cast(index == 0, "int32"), axis=1)
    return ops.take_along_axis(index, ops.cast(order, "int32"), axis=1)
