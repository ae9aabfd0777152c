"""Scores of a network for users as of the data's end."""

import numpy as np
import tensorflow as tf

from trainer.data.interactions import id_lookup
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.evaluation.written_scores import WrittenScores
from trainer.export.memory import remember
from trainer.export.requests import UserRequest
from trainer.network.model import Network
from trainer.training.fit import TrainingData

_BATCH = 1024


def inputs_now(data: TrainingData, users: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the inputs of users who ask after their last known event, as a server makes them.

    Args:
      data: The tables, and the known events as its splits `train` and `validation`.
      users: User indices, `(q,)`.
    """
    spec, history = data.spec, data.spec.histories().get("item_id")
    length = int(history.max_values or 0) if history else 0
    memory = remember(data.events("train", "validation"), data.users, data.items, length)
    request = UserRequest(spec, data.recipe.past, memory, id_lookup(data.users),
                          id_lookup(data.items), data.reader.transform)
    parts = []
    for start in range(0, len(users), _BATCH):
        ids = [data.users.ids[user - 1] for user in users[start : start + _BATCH]]
        asked = {name: tf.fill([len(ids)] + [1] * (one.shape.rank - 1),
                               tf.constant("" if one.dtype == tf.string else -1, one.dtype))
                 for name, one in request.signature().items()}
        read = request.columns({**asked, "user_id": tf.constant(ids)})
        parts.append({name: values.numpy() for name, values in read.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class NetworkScores:
    """Scores of users whose inputs are known.

    Args:
      network: The network.
      inputs: Inputs of each user, see `inputs_now`.
      users: User indices in ascending order, `(q,)`.
    """

    def __init__(self, network: Network, inputs: dict[str, np.ndarray], users: np.ndarray):
        self._network, self._inputs, self._users = network, inputs, users
        self._items = catalogue(network)

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, items)` float32."""
        rows = np.searchsorted(self._users, users)
        return ranking_scores(
            self._network, {name: values[rows] for name, values in self._inputs.items()},
            self._items)


class FileScores:
    """Scores of a model that writes them.

    Args:
      written: The scores.
      data: The tables, by whose indices users and items are asked.
    """

    def __init__(self, written: WrittenScores, data: TrainingData):
        rows = {name: row for row, name in enumerate(written.users)}
        self._rows = np.array([-1, *(rows.get(name, -1) for name in data.users.ids)])
        self._ranking = written.ranking

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, items)` float32."""
        found = self._ranking[self._rows[users]]
        return np.concatenate([np.zeros((len(found), 1), np.float32), found], axis=1)
