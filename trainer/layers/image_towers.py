"""Towers over pictures that look at them as visual words or as a spectrum."""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from trainer.layers.towers import Tower

PATCH = 6  # pixels a side
_STEPS = 16  # places along a side, at most
_FLAT = 10.0  # what is added to a patch's variance, so that a flat one stays flat


def patches(pixels):
    """Cuts pictures into overlapping patches and normalizes each.

    Neighbours are half a patch apart, in large pictures further, so that their number is bounded.
    Normalized as in Coates, Ng and Lee 2011, "An analysis of single-layer networks in unsupervised
    feature learning", section 3.1.

    Args:
      pixels: Colour values 0 to 255, `(batch, height, width, 3)`, of at least 6 by 6 pixels.

    Returns:
      float32 `(batch, patches, 108)`, each with mean 0 and, unless it is flat, deviation 1.
    """
    pixels = ops.cast(pixels, "float32")
    strides = [max(PATCH // 2, -(-(side - PATCH) // (_STEPS - 1))) for side in pixels.shape[1:3]]
    cut = ops.image.extract_patches(
        pixels, (PATCH, PATCH), strides=tuple(strides), data_format="channels_last")
    flat = ops.reshape(cut, (-1, cut.shape[1] * cut.shape[2], cut.shape[3]))
    centred = flat - ops.mean(flat, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
    return centred / ops.sqrt(variance + _FLAT)


@dataclass(frozen=True)
class Codebook:
    """Which word a patch is, and how much a word is worth.

    Attributes:
      kernel: `(108, words)`.
      bias: `(words,)`; a patch's word has the largest of `patch @ kernel + bias`: it is the one
        whose centre is nearest in the whitened space.
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


# Brightness, red against green, blue against yellow.
_OPPONENTS = np.array([[1, 1, 1], [1, -1, 0], [-0.5, -0.5, 1]], np.float32).T / [3, 2, 2]


@keras.saving.register_keras_serializable("tessera")
class FourierTower(Tower):
    """The logarithm of a picture's spectrum, averaged over rings and sectors of frequencies.

    Rings separate coarse from fine, sectors the direction of edges, whatever their place: Torralba
    and Oliva 2003, "Statistics of natural image categories". Colours enter as opponents, and each
    one's mean beside its spectrum.

    Args:
      rings: Bands from the lowest frequency to the finest that the pixels can show.
      sectors: Directions, half a turn together; the other half of a spectrum is its mirror image.
    """

    def __init__(self, dim, rings=6, sectors=8, **kwargs):
        super().__init__(dim, **kwargs)
        self.rings, self.sectors = rings, sectors
        self._hidden = keras.layers.Dense(dim, activation="gelu", name="hidden")
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, inputs, training=None):
        """Maps `(pixels (batch, height, width, 3) from 0 to 255, present (batch,))`."""
        pixels, present = inputs
        height, width = pixels.shape[1:3]
        colours = ops.matmul(ops.cast(pixels, "float32") / 127.5 - 1.0,
                             ops.convert_to_tensor(_OPPONENTS, "float32"))
        colours = ops.moveaxis(colours, -1, 1)
        mean = ops.mean(colours, axis=(2, 3))
        # A window, or the picture's borders would be its strongest edges.
        window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
        seen = (colours - mean[:, :, None, None]) * ops.convert_to_tensor(window, "float32")
        real, imaginary = ops.fft2((seen, ops.zeros_like(seen)))
        power = (ops.square(real) + ops.square(imaginary)) / (height * width)
        flat = ops.reshape(ops.log1p(ops.sqrt(power + 1e-12)), (-1, 3, height * width))
        bands = bands_of(height, width, self.rings, self.sectors)
        means = ops.matmul(flat, ops.convert_to_tensor(bands, "float32"))
        features = ops.concatenate(
            [mean, ops.reshape(means, (-1, 3 * bands.shape[1]))], axis=1)
        features = ops.cast(features, self.compute_dtype)
        return self.finish(self._project(self._hidden(features)), present, training)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "rings": self.rings, "sectors": self.sectors}


def bands_of(height: int, width: int, rings: int, sectors: int) -> np.ndarray:
    """Returns the matrix that averages a spectrum over bands, without its constant part.

    Args:
      height: Rows of the spectrum.
      width: Its columns.
      rings: Bands by frequency; the last one holds the corners as well.
      sectors: Bands by direction, the first one around that of a row.

    Returns:
      `(height * width, bands)`, each column's sum 1; small pictures have no frequency in some
      bands, which are left out.
    """
    down, right = np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")
    ring = np.minimum((np.hypot(down, right) * 2 * rings).astype(int), rings - 1)
    turn = np.arctan2(down, right) / math.pi * sectors
    sector = np.floor(turn + 0.5).astype(int) % sectors
    band = (ring * sectors + sector).reshape(-1)
    member = np.eye(rings * sectors, dtype=np.float32)[band]
    member[0] = 0
    member = member[:, member.any(axis=0)]
    return member / member.sum(axis=0)
