"""Scores of a trained network over the whole catalogue, in batches."""

import numpy as np
from keras import ops

from trainer.model import Network
from trainer.preprocessing import columns

_BATCH = 1024


def catalogue(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Returns all items' vectors `(items, dim)` and modality weights; row 0 is the unknown one."""
    index = np.arange(network.item_rows, dtype=np.int32)
    vectors, weights = [], []
    for start in range(0, len(index), _BATCH):
        some = ops.convert_to_tensor(index[start : start + _BATCH])
        content = {name: look(some) for name, look in network.item_lookup.items()}
        outputs = network.item({columns.ITEM_INDEX: some, **content})
        vectors.append(np.asarray(outputs["vector"], np.float32))
        weights.append(np.asarray(outputs["weights"], np.float32))
    return np.concatenate(vectors), np.concatenate(weights)


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


def retrieval_scores(
    network: Network, rows: dict[str, np.ndarray], vectors: np.ndarray
) -> np.ndarray:
    """Returns the retrieval score of each row and each item, float32 `(rows, items)`."""
    query = np.asarray(network.query(user_outputs(network, rows)[network.retrieval]), np.float32)
    return query @ np.asarray(network.candidate(vectors), np.float32).T
