"""The visual words of a table's own pictures."""

import warnings

import numpy as np
from keras import ops
from scipy.cluster.vq import kmeans2

from trainer.layers.image_towers import PATCH, Codebook, VisualWordsTower, patches

WORDS = 128
_WIDTH = PATCH * PATCH * 3
_PICTURES, _PATCHES, _ROUNDS = 2_000, 10_000, 10
_NOISE = 0.1  # added to each variance before whitening, as Coates and Ng do


def fitted_tower(dim: int, pictures: np.ndarray, **kwargs) -> VisualWordsTower:
    """Returns a tower with the codebook of some pictures, `(pictures, height, width, 3)`."""
    codebook = fit_codebook(pictures)
    return VisualWordsTower(dim, len(codebook.bias), codebook, **kwargs)


def fit_codebook(pictures: np.ndarray, words: int = WORDS, seed: int = 0) -> Codebook:
    """Finds the visual words of some pictures by k-means over whitened patches.

    After Coates and Ng 2012, "Learning feature representations with k-means"; words weighed by
    rarity as in Sivic and Zisserman 2003, "Video Google". At most 2,000 pictures and 10,000
    patches are looked at, drawn by the seed.

    Args:
      pictures: Colour values 0 to 255, `(pictures, height, width, 3)`; none is allowed.
      words: Words wanted; there are fewer where there are fewer different patches.
      seed: Seed of the draw and of the first centres.

    Returns:
      The codebook.
    """
    random = np.random.default_rng(seed)
    if len(pictures) > _PICTURES:
        pictures = pictures[np.sort(random.choice(len(pictures), _PICTURES, replace=False))]
    if not len(pictures):
        nothing = np.zeros((_WIDTH, 1), np.float32)
        return Codebook(nothing, nothing[0], np.ones(1, np.float32))
    cut = np.concatenate([ops.convert_to_numpy(patches(pictures[start : start + 100]))
                          for start in range(0, len(pictures), 100)])
    kernel, bias = _nearest(cut.reshape(-1, cut.shape[-1]), words, random)
    nearest = (cut @ kernel + bias).argmax(axis=-1)
    holding = np.stack([(nearest == word).any(axis=1).sum() for word in range(len(bias))])
    idf = np.log((1 + len(cut)) / (1 + holding)) + 1
    return Codebook(kernel, bias, idf.astype(np.float32))


def _nearest(flat: np.ndarray, words: int, random) -> tuple[np.ndarray, np.ndarray]:
    """Returns what makes the nearest of the centres the largest number."""
    sample = flat if len(flat) <= _PATCHES else flat[random.choice(len(flat), _PATCHES)]
    words = min(words, len(np.unique(sample.round(3), axis=0)))
    mean = sample.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(sample - mean, rowvar=False, bias=True))
    whiten = axes / np.sqrt(np.maximum(variance, 0) + _NOISE) @ axes.T
    white = (sample - mean) @ whiten
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a word that lost its last patch stays
        centres, _ = kmeans2(white, _spread(white, words, random), _ROUNDS, minit="matrix")
    kernel = whiten @ centres.T
    bias = -mean @ kernel - np.square(centres).sum(axis=1) / 2
    return kernel.astype(np.float32), bias.astype(np.float32)


def _spread(points: np.ndarray, count: int, random) -> np.ndarray:
    """Returns points far from each other, as first centres (Arthur and Vassilvitskii 2007)."""
    chosen = [points[random.integers(len(points))]]
    distance = np.full(len(points), np.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, np.square(points - chosen[-1]).sum(axis=1))
        chosen.append(points[random.choice(len(points), p=distance / distance.sum())])
    return np.stack(chosen)
