"""Items' content as a short vector, linear in what Transform makes of each feature."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schemas import Feature
from trainer.closed_form.factors import right_factors
from trainer.data.side import Side
from trainer.network.content import content_block, content_matrix, projected

_DIM = 24  # Components of a feature.


@dataclass(frozen=True)
class ContentMap:
    """From the blocks of features to one vector, in which every feature weighs alike.

    Attributes:
      words: Vector of each word or number of a feature's block, `(width, dim)` by feature.
    """

    words: dict[str, np.ndarray]

    @property
    def dim(self) -> int:
        """Width of the vector."""
        return sum(words.shape[1] for words in self.words.values())

    def vectors(self, features: tuple[Feature, ...], side: Side) -> np.ndarray:
        """Returns the content of all items of a table, `(items, dim)` float32."""
        blocks = content_matrix(features, side)
        parts = [np.asarray(blocks[name] @ words, np.float32)
                 for name, words in self.words.items()]
        return np.concatenate([np.zeros((side.rows, 0), np.float32), *parts], axis=1)

    def __call__(self, features: tuple[Feature, ...], inputs):
        """Returns the content, `(batch, dim)`, of columns, with operations of Keras."""
        from keras import ops

        of_name = {feature.name: feature for feature in features}
        return ops.concatenate([projected(content_block(of_name[name], inputs), words, name)
                                for name, words in self.words.items()], axis=-1)

    def save(self, path: Path) -> None:
        """Writes the map into one file."""
        arrays: dict[str, Any] = dict(self.words)
        np.savez(path, **arrays)

    @staticmethod
    def load(path: Path) -> "ContentMap":
        """Reads a map."""
        with np.load(path) as words:
            return ContentMap(dict(words))


def fit_content(features: tuple[Feature, ...], side: Side, seed: int,
                dim: int = _DIM) -> ContentMap:
    """Finds the leading components of each feature, scaled so that features weigh alike.

    Args:
      features: The features of the items.
      side: What the model holds of the items.
      seed: Seed of the iterations' start.
      dim: Most components of a feature.
    """
    words = {}
    for name, block in content_matrix(features, side).items():
        axes = right_factors(block, dim, seed)
        present = np.asarray(np.abs(block).sum(axis=1)).ravel() > 0
        scale = np.sqrt(np.mean(np.square(block[present] @ axes))) if present.any() else 0.0
        if scale > 0:
            words[name] = (axes / scale).astype(np.float32)
    return ContentMap(words)
