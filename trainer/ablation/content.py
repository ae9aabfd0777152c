"""A network with other content of its users and items than its own."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from schemas import Feature
from trainer.layers.lookup import TableLookup
from trainer.network.model import Network
from trainer.training.fit import TrainingData

Change = Callable[[np.ndarray], np.ndarray]


def absent(values: np.ndarray) -> np.ndarray:
    """Returns a column as if nobody had a value: as the unknown one of row 0, who has none."""
    return np.broadcast_to(values[:1], values.shape).copy()


def shuffled(seed: int) -> Change:
    """Returns what gives everybody somebody else's value, the same one's in all columns."""
    def change(values: np.ndarray) -> np.ndarray:
        order = 1 + np.random.default_rng(seed).permutation(len(values) - 1)
        return np.concatenate([values[:1], values[order]])

    return change


def changed(network: Network, data: TrainingData, features: Mapping[str, tuple[Feature, ...]],
            change: Change) -> Network:
    """Returns the network with changed content; what it learned stays.

    What was computed of the content of a user's past events was learned, too.

    Args:
      network: The network.
      data: What it was trained on.
      features: What is changed of `users` and of `items`.
      change: From a column, `(rows, ...)`, to a column.
    """
    lookups = {}
    for side, table, lookup in (("users", data.user_side, network.user_lookup),
                                ("items", data.item_side, network.item_lookup)):
        wanted = {feature.name for feature in features.get(side, ())}
        names = {name for name, owner in table.owners.items() if owner in wanted} & lookup.keys()
        lookups[side] = lookup | {
            name: TableLookup(change(table.content[name]), name=f"changed_{side}_{name}")
            for name in names}
    return replace(network, user_lookup=lookups["users"], item_lookup=lookups["items"])
