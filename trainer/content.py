"""The content of a user or an item as plain features, for models that learn no towers.

Each feature becomes a block: a bag of weighted words, or a short dense vector. A block's length is
at most 1 and 0 where the feature is absent, so that no modality outweighs the others.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from scipy import sparse

from schemas import Feature
from trainer.features import Side
from trainer.layers.registry import look_up
from trainer.preprocessing import columns

_GRID = 4
_BATCH = 512


@dataclass(frozen=True)
class Block:
    """One feature of some rows.

    Attributes:
      values: Weights of a bag's words `(batch, words)`, or a dense vector `(batch, width)`.
      words: The bag's words `(batch, words)`; `None` for a dense vector.
    """

    values: Any
    words: Any = None


def content_block(feature: Feature, read) -> Block:
    """Returns the block of a feature, with operations of Keras, from transformed columns."""
    return look_up(_BLOCKS, str(feature.modality), "modality")(feature.name, read)


def _values(name: str, read) -> Block:
    return Block(_unit(ops.cast(read[name] > 0, "float32")), read[name])


def _terms(name: str, read) -> Block:
    return Block(_unit(read[columns.tfidf(name)]), read[columns.tfidf_ids(name)])


def _number(name: str, read) -> Block:
    return Block(ops.tanh(ops.cast(read[name], "float32"))[:, None] * _present(name, read))


def _cepstrum(name: str, read) -> Block:
    values = ops.cast(read[columns.mfcc(name)], "float32")
    return Block(_unit(values) * _present(name, read))


def _picture(name: str, read) -> Block:
    return Block(_unit(colours(_pixels(name, read))) * _present(name, read))


def _mean_frame(name: str, read) -> Block:
    pixels = ops.mean(_pixels(name, read), axis=1)
    return Block(_unit(colours(pixels)) * _present(name, read))


def _pixels(name: str, read):
    return ops.cast(read[name], "float32") / 255.0 - 0.5


def _present(name: str, read):
    return ops.cast(read[columns.present(name)], "float32")[:, None]


_BLOCKS = {"categorical": _values, "text": _terms, "numeric": _number, "audio": _cepstrum,
           "image": _picture, "video": _mean_frame}


def colours(pixels):
    """Describes pictures by mean and deviation of each colour in a grid of four by four cells.

    Args:
      pixels: `(batch, height, width, colours)`, 8 pixels a side at least.

    Returns:
      `(batch, 4 * 4 * 2 * colours)`.
    """
    height, width, depth = pixels.shape[1:]
    tall, wide = height // _GRID, width // _GRID
    cut = pixels[:, : tall * _GRID, : wide * _GRID]
    cells = ops.reshape(cut, (-1, _GRID, tall, _GRID, wide, depth))
    mean = ops.mean(cells, axis=(2, 4))
    deviation = ops.sqrt(ops.maximum(ops.mean(ops.square(cells), axis=(2, 4)) - mean * mean, 0.0))
    return ops.reshape(ops.concatenate([mean, deviation], axis=-1), (-1, _GRID**2 * 2 * depth))


def content_matrix(features: tuple[Feature, ...], side: Side) -> dict[str, sparse.csr_matrix]:
    """Returns the blocks of a whole table, `(rows, width)` by feature; bags have a column a word.

    Args:
      features: The features to read.
      side: What the model holds of the table.
    """
    found = {}
    for feature in features:
        parts = []
        for start in range(0, side.rows, _BATCH):
            some = {n: v[start : start + _BATCH] for n, v in side.content.items()}
            parts.append(_sparse(content_block(feature, some), side.vocabularies, feature.name))
        found[feature.name] = sparse.vstack(parts).tocsr()
    return found


def _sparse(block: Block, vocabularies: dict[str, int], name: str) -> sparse.csr_matrix:
    values = np.asarray(block.values, np.float32)
    if block.words is None:
        return sparse.csr_matrix(values)
    words = np.asarray(block.words)
    rows = np.repeat(np.arange(len(words)), words.shape[1])
    return sparse.csr_matrix((values.ravel(), (rows, words.ravel())),
                             shape=(len(words), vocabularies[name]))


def _unit(vectors):
    """Scales vectors `(batch, width)` to length 1; zeros stay."""
    length = ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True))
    return vectors / ops.maximum(length, 1e-6)
