"""Scores of a trained network over the whole catalogue, in batches."""

from typing import NamedTuple

import numpy as np
from keras import ops

from schemas.log import Progress
from trainer.network.model import CANDIDATE, Network
from trainer.preprocessing import columns

_BATCH = 1024
_CELLS = 1 << 22  # Numbers of a head's input at once.


class Catalogue(NamedTuple):
    """What the item side says of every item; row 0 is the unknown one.

    Attributes:
      vectors: What heads read, `(items, dim)`.
      weights: Modality weights, `(items, modalities)`.
      candidates: What queries are held against, `(items, width)`; no column without retrieval.
    """

    vectors: np.ndarray
    weights: np.ndarray
    candidates: np.ndarray


def catalogue(network: Network) -> Catalogue:
    """Returns what a network says of all items."""
    index = np.arange(network.item_rows, dtype=np.int32)
    parts: list[tuple[np.ndarray, ...]] = []
    for start in range(0, len(index), _BATCH):
        some = ops.convert_to_tensor(index[start : start + _BATCH])
        content = {name: look(some) for name, look in network.item_lookup.items()}
        outputs = network.item({columns.ITEM_INDEX: some, **content})
        vector = outputs["vector"]
        parts.append(tuple(np.asarray(one, np.float32) for one in (
            vector, outputs["weights"], outputs.get(CANDIDATE, vector[:, :0]))))
    return Catalogue(*map(np.concatenate, zip(*parts, strict=True)))


def user_outputs(network: Network, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns what the user side says of some rows.

    Args:
      network: The network.
      rows: Model inputs of interactions; what the user side does not read is ignored.

    Returns:
      A vector for each task, `(rows, dim)`, and `weights`, `(rows, modalities)`.
    """
    names = [tensor.name for tensor in network.user.inputs]
    parts = []
    for start in range(0, len(rows[columns.USER_INDEX]), _BATCH):
        part = {n: ops.convert_to_tensor(v[start : start + _BATCH])
                for n, v in rows.items() if n in names}
        for name, look in network.user_lookup.items():
            part[name] = look(part[columns.USER_INDEX])
        parts.append({n: np.asarray(v, np.float32) for n, v in network.user(part).items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def ranking_scores(
    network: Network, rows: dict[str, np.ndarray], items: Catalogue
) -> np.ndarray:
    """Returns the score that ranks of each row and each item, float32 `(rows, items)`."""
    user = user_outputs(network, rows)[network.ranking]
    if network.ranking not in network.heads:
        return user @ items.candidates.T
    vectors = items.vectors
    head, parts = network.heads[network.ranking], []
    size = max(1, _CELLS // vectors.size)
    progress = Progress("Ranking, groups of users scored", -(-len(user) // size))
    for start in progress.over(range(0, len(user), size)):
        raw = head(user[start : start + size, None, :], vectors[None])
        parts.append(np.asarray(raw, np.float32))
    return np.concatenate(parts)

