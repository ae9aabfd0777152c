"""Texts, pictures, videos and sounds, varied while training."""

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


@keras.saving.register_keras_serializable("tessera")
class PictureAugmentation(keras.layers.Layer):
    """Mirrors, crops and brightens pictures at random; the frames of one video all alike.

    At strength 1, half of the pictures are mirrored, a crop keeps 50 to 100 % of each side and is
    stretched to the whole, and brightness changes by a factor of 0.5 to 1.5; smaller strengths
    shrink chance and ranges in proportion.

    Args:
      strength: 0 for nothing, to 1.
      seed: Seed of the choices.
    """

    def __init__(self, strength: float, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.strength, self.seed = strength, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, pixels, training=None):
        """Varies colour values 0 to 255, `(batch, ..., height, width, 3)`; returns float32."""
        pixels = ops.cast(pixels, "float32")
        if not training or not self.strength:
            return pixels
        shape = pixels.shape
        height, width, colours = shape[-3:]
        frames = ops.reshape(pixels, (-1, shape[1] if len(shape) == 5 else 1, *shape[-3:]))
        chance = keras.random.uniform((ops.shape(pixels)[0], 5), seed=self._random)
        length = 1 - self.strength / 2 * chance[:, 0]
        down, right = ((1 - length) * chance[:, place] for place in (1, 2))
        mirrored = chance[:, 3] < self.strength / 2
        rows = _resampled(height, down, length, ops.zeros_like(mirrored))
        columns = _resampled(width, right, length, mirrored)
        seen = ops.einsum("bih,bfhwc->bfiwc", rows, frames)
        seen = ops.einsum("bjw,bfiwc->bfijc", columns, seen)
        light = 1 + self.strength / 2 * (2 * chance[:, 4] - 1)
        seen = ops.clip(seen * light[:, None, None, None, None], 0.0, 255.0)
        return ops.reshape(seen, (-1, *shape[1:-3], height, width, colours))

    def compute_output_spec(self, pixels, training=None):
        """Keeps the shape."""
        return keras.KerasTensor(pixels.shape, "float32")

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "strength": self.strength, "seed": self.seed}


def _resampled(size: int, start, length, mirrored):
    """Returns the matrices that stretch a part of a line to the whole, between neighbours linear.

    Args:
      size: Pixels of the line.
      start: Where the part begins, as a share of the line, `(batch,)`.
      length: How long it is, as a share of the line, `(batch,)`.
      mirrored: Whether it is read backwards, `(batch,)`.

    Returns:
      Weights `(batch, size, size)`; each row's sum is 1.
    """
    pixel = ops.arange(size, dtype="float32")
    place = (pixel + 0.5) / size
    place = ops.where(mirrored[:, None], 1 - place[None, :], place[None, :])
    source = (start[:, None] + place * length[:, None]) * size - 0.5
    source = ops.clip(source, 0.0, size - 1.0)
    return ops.relu(1 - ops.abs(source[:, :, None] - pixel[None, None, :]))


_MASKS = 2
_BANDS, _FRAMES = 1 / 3, 1 / 5  # the widest mask at strength 1, as a share


@keras.saving.register_keras_serializable("tessera")
class SpectrogramAugmentation(keras.layers.Layer):
    """Hides bands of frequency and stretches of time.

    SpecAugment (Park et al. 2019, arXiv:1904.08779) without the warping of time, which its authors
    found to matter least: two masks over frequency, each up to a third of the bands, and two over
    time, each up to a fifth of the frames, at strength 1. What is hidden becomes the sound's own
    mean; frames beyond the sound stay beyond it.

    Args:
      strength: 0 for nothing, to 1; the widest mask shrinks in proportion.
      seed: Seed of the choices.
    """

    def __init__(self, strength: float, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.strength, self.seed = strength, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, spectrogram, training=None):
        """Varies log-mel values, `(batch, frames, mels, 1)`, 0 beyond the sound."""
        bands = ops.cast(spectrogram, "float32")
        if not training or not self.strength:
            return bands
        there = bands > 0
        count = ops.sum(ops.cast(there, "float32"), axis=(1, 2, 3), keepdims=True)
        mean = ops.sum(bands, axis=(1, 2, 3), keepdims=True) / ops.maximum(count, 1.0)
        frames, mels = bands.shape[1:3]
        time = self._hidden(bands, frames, _FRAMES)[:, :, None, None]
        frequency = self._hidden(bands, mels, _BANDS)[:, None, :, None]
        hidden = ops.logical_and(ops.logical_or(time, frequency), there)
        return ops.where(hidden, mean, bands)

    def _hidden(self, bands, size: int, widest: float):
        """Returns which places of a line some masks cover, `(batch, size)`."""
        chance = keras.random.uniform((ops.shape(bands)[0], _MASKS, 2), seed=self._random)
        width = self.strength * widest * size * chance[:, :, 0]
        start = (size - width) * chance[:, :, 1]
        middle = ops.arange(size, dtype="float32") + 0.5
        covered = ops.logical_and(middle >= start[:, :, None],
                                  middle < (start + width)[:, :, None])
        return ops.any(covered, axis=1)

    def compute_output_spec(self, spectrogram, training=None):
        """Keeps the shape."""
        return keras.KerasTensor(spectrogram.shape, "float32")

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "strength": self.strength, "seed": self.seed}
