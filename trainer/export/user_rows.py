"""What an export holds of each user, so that one of them can be taken out of it."""

from collections.abc import Iterator

import tensorflow as tf

from trainer.data.tables import Table
from trainer.export.evaluation import EvaluationColumns
from trainer.export.module import Recommender
from trainer.late_fusion.network import OlderSum
from trainer.layers.lookup import UserEmbedding, UserTable
from trainer.network.model import Network


class UserRows(tf.Module):
    """Names the variables of a model that have a row a user; `serving.forgetting` reads the names.

    Args:
      users: The users table.
      network: The trained network.
      recommender: What responds.
      evaluation: What TFMA reads.

    Attributes:
      ids: The file of the users' ids, one a line; the first one's index is 1.
      rows: Variables with one row a user, that of the unknown user first.
      places: Variables with one row a user, of places in those of `placed`.
      placed: Variables that are read at such places alone, of which 0 is nobody's.
      ends: Where each user's part of `events` begins, and the end of the last.
      events: Items of the users' events, user after user.
    """

    def __init__(self, users: Table, network: Network, recommender: Recommender,
                 evaluation: EvaluationColumns):
        super().__init__(name="user_rows")
        self.ids = tf.saved_model.Asset(users.vocabulary)
        older = [layer for layer in _layers(network) if isinstance(layer, OlderSum)]
        pairs = [*recommender.request.placed, *(
            (layer.place.table, layer.sums.table) for layer in older)]
        self.rows = [*_of_layers(network), *recommender.request.of_users, *evaluation.of_users]
        self.places, self.placed = [one for one, _ in pairs], [one for _, one in pairs]
        self.ends, self.events = recommender.seen.by_user


def _layers(network: Network) -> Iterator:
    yield from network.user_lookup.values()
    yield from network.user._flatten_layers(include_self=False)


def _of_layers(network: Network) -> Iterator:
    for layer in _layers(network):
        if isinstance(layer, UserTable):
            yield layer.table
        elif isinstance(layer, UserEmbedding):
            yield layer.embeddings
