"""The content of a user or an item as plain features, for models that learn no towers.

Each feature becomes a block: a bag of weighted words, or a short dense vector. A block's length is
at most 1 and 0 where the feature is absent, so that no modality outweighs the others.
"""

import keras
import numpy as np
from keras import ops
from scipy import sparse

from schemas import Feature
from trainer.layers.inputs import column_input
from trainer.layers.lookup import TableLookup
from trainer.modalities import modality_of
from trainer.modalities.modality import Block
from trainer.parts.side import Side

_BATCH = 512


def content_inputs(side: Side) -> dict[str, keras.KerasTensor]:
    """Returns an input for each content column of a side."""
    return {
        name: column_input(values.shape[1:], str(values.dtype), name)
        for name, values in side.content.items()
    }


def content_block(feature: Feature, read) -> Block:
    """Returns the block of a feature, with operations of Keras, from transformed columns."""
    return modality_of(feature).block(feature.name, read)


def projected(block, words: np.ndarray, name: str):
    """Multiplies a block with the vectors of its words, `(batch, dim)`, by Keras."""
    if block.words is not None:
        vectors = TableLookup(words, name=f"words__{name}")(block.words)
        return ops.einsum("bnd,bn->bd", vectors, ops.cast(block.values, "float32"))
    dense = keras.layers.Dense(words.shape[1], use_bias=False, trainable=False,
                               name=f"project__{name}", dtype="float32")
    output = dense(block.values)
    dense.set_weights([words])
    return output


def content_matrix(features: tuple[Feature, ...], side: Side) -> dict[str, sparse.csr_matrix]:
    """Returns the blocks of a whole table, `(rows, width)` by feature; bags have a column a word.

    Args:
      features: The features to read.
      side: What the model holds of the table.
    """
    matrices = {}
    for feature in features:
        parts = []
        for start in range(0, side.rows, _BATCH):
            some = {n: v[start : start + _BATCH] for n, v in side.content.items()}
            parts.append(_sparse(content_block(feature, some), side.bags.get(feature.name)))
        matrices[feature.name] = sparse.vstack(parts).tocsr()
    return matrices


def _sparse(block: Block, width: int | None) -> sparse.csr_matrix:
    values = np.asarray(block.values, np.float32)
    if block.words is None:
        return sparse.csr_matrix(values)
    if width is None:
        raise ValueError("a block has words, and its modality names no vocabulary of them: `bag`")
    words = np.asarray(block.words)
    rows = np.repeat(np.arange(len(words)), words.shape[1])
    return sparse.csr_matrix((values.ravel(), (rows, words.ravel())),
                             shape=(len(words), width))
