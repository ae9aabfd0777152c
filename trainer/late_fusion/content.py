"""Items' content as a short vector, linear in what Transform makes of each feature.

A number is first its place between quantiles: a line through all years is no taste.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from keras import ops
from scipy import sparse

from schemas import Feature
from trainer.closed_form.factors import right_factors
from trainer.modalities.modality import Block
from trainer.network.content import content_block, content_matrix, projected
from trainer.parts.side import Side

DIM = 24  # Components of a feature, and quantiles of a number.
WIDE = 96  # Components of a feature where it is followed the less, the more events there are.


@dataclass(frozen=True)
class ContentMap:
    """From the blocks of features to one vector, in which every feature weighs alike.

    Attributes:
      words: Vector of each word or number of a feature's block, `(width, dim)` by feature; of a
        feature with quantiles, that of each of them.
      quantiles: Quantiles of a number, ascending, `(quantiles,)` by feature.
    """

    words: dict[str, np.ndarray]
    quantiles: dict[str, np.ndarray]

    @property
    def dim(self) -> int:
        """Width of the vector."""
        return sum(words.shape[1] for words in self.words.values())

    def vectors(self, features: tuple[Feature, ...], side: Side) -> np.ndarray:
        """Returns the content of all items of a table, `(items, dim)` float32."""
        blocks = _matrices(features, side, self.quantiles)
        parts = [np.asarray(blocks[name] @ words, np.float32)
                 for name, words in self.words.items()]
        return np.concatenate([np.zeros((side.rows, 0), np.float32), *parts], axis=1)

    def __call__(self, features: tuple[Feature, ...], inputs, prefix: str = ""):
        """Returns the content, `(batch, dim)`, of columns, with operations of Keras.

        Args:
          features: The features of the items.
          inputs: The columns.
          prefix: Of the layers' names, so that one model can have two maps.
        """
        of_name = {feature.name: feature for feature in features}
        parts = []
        for name, words in self.words.items():
            block = content_block(of_name[name], inputs)
            if name in self.quantiles:
                block = Block(places(block, self.quantiles[name]))
            parts.append(projected(block, words, prefix + name))
        return ops.concatenate(parts, axis=-1)

    def save(self, path: Path) -> None:
        """Writes the map into one file."""
        arrays: dict[str, Any] = {
            f"{kind}/{name}": values for kind in ("words", "quantiles")
            for name, values in getattr(self, kind).items()}
        np.savez(path, **arrays)

    @staticmethod
    def load(path: Path) -> "ContentMap":
        """Reads a map."""
        tables: dict[str, dict[str, np.ndarray]] = {"words": {}, "quantiles": {}}
        with np.load(path) as arrays:
            for key in arrays:
                kind, _, name = key.partition("/")
                tables[kind][name] = arrays[key]
        return ContentMap(**tables)


class ItemContent(NamedTuple):
    """The content of all items, as rankers and predictors read it.

    Attributes:
      map: Makes it of an item's columns.
      vectors: `(items, content)` float32.
    """

    map: ContentMap
    vectors: np.ndarray


def fit_content(features: tuple[Feature, ...], side: Side, seed: int,
                dim: int = DIM) -> ContentMap:
    """Finds the leading components of each feature, scaled so that features weigh alike.

    Args:
      features: The features of the items.
      side: What the model holds of the items.
      seed: Seed of the iterations' start.
      dim: Most components of a feature.
    """
    quantiles = _quantiles(features, side)
    words = {}
    for name, block in _matrices(features, side, quantiles).items():
        axes = right_factors(block, dim, seed)
        present = np.asarray(np.abs(block).sum(axis=1)).ravel() > 0
        scale = np.sqrt(np.mean(np.square(block[present] @ axes))) if present.any() else 0.0
        if scale > 0:
            words[name] = (axes / scale).astype(np.float32)
    return ContentMap(words, {name: levels for name, levels in quantiles.items() if name in words})


def places(block: Block, quantiles: np.ndarray):
    """Returns how close numbers are to each quantile, `(batch, quantiles)`, by Keras.

    A number on a quantile has 1 there; one between two of them has a share in each, of sum 1. An
    absent one has none.

    Args:
      block: Numbers and whether they are present, each `(batch, 1)`.
      quantiles: At least two, ascending, `(quantiles,)`.
    """
    passed = ops.clip((block.values - quantiles[None, :-1]) / np.diff(quantiles)[None], 0.0, 1.0)
    one = ops.ones_like(block.values)
    return block.present * (ops.concatenate([one, passed], axis=-1)
                            - ops.concatenate([passed, one * 0.0], axis=-1))


def _quantiles(features: tuple[Feature, ...], side: Side) -> dict[str, np.ndarray]:
    """Returns the distinct quantiles of the features that are numbers of more than one value."""
    quantiles = {}
    for feature in features:
        block = content_block(feature, side.content)
        if block.present is None:
            continue
        known = np.asarray(block.values)[np.asarray(block.present) > 0]
        if not len(known):
            continue
        distinct = np.unique(np.quantile(known, np.linspace(0, 1, DIM)).astype(np.float32))
        if len(distinct) > 1:
            quantiles[feature.name] = distinct
    return quantiles


def _matrices(features: tuple[Feature, ...], side: Side,
              quantiles: dict[str, np.ndarray]) -> dict[str, sparse.csr_matrix]:
    """Returns the blocks of a whole table, a number's by its places."""
    of_name = {feature.name: feature for feature in features}
    return content_matrix(features, side) | {
        name: sparse.csr_matrix(np.asarray(places(content_block(of_name[name], side.content), some),
                                           np.float32)) for name, some in quantiles.items()}
