"""Matrix factorization as a network: factors and biases of users and items, and nothing else.

Koren, Bell and Volinsky 2009, "Matrix factorization techniques for recommender systems". The
weight decay of the training is the regularization.
"""

from collections.abc import Mapping

import keras
from keras import ops

from trainer.layers.heads import InnerProduct, Offset
from trainer.layers.lookup import BiasedFactors
from trainer.network.model import Network
from trainer.network.plan import IDS
from trainer.parts.part import ITEMS, USERS, Embedded, whole_part
from trainer.parts.side import Side
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe
from trainer.recipe.families import FactorizationRecipe


def build_factorization(
    bound: BoundRecipe[FactorizationRecipe], users: Side, items: Side,
    label_means: Mapping[str, Offset], seed: int,
) -> Network:
    """Builds the factorization that a recipe describes; see `build_network`."""
    keras.utils.set_random_seed(seed)
    recipe = bound.recipe
    dim = recipe.dim
    [(name, task)] = recipe.tasks.items()
    user_index = keras.Input((), dtype="int32", name=columns.USER_INDEX)
    item_index = keras.Input((), dtype="int32", name=columns.ITEM_INDEX)
    user_factors = BiasedFactors(users.rows, dim, bias_first=True, name="user_factors")
    of_user = user_factors(user_index)
    item_factors = BiasedFactors(items.rows, dim, bias_first=False, name="item_factors")
    of_item = item_factors(item_index)
    user = keras.Model({columns.USER_INDEX: user_index},
                       {name: of_user, "weights": _whole(user_index)}, name="users")
    item = keras.Model({columns.ITEM_INDEX: item_index},
                       {"vector": of_item, "weights": _whole(item_index)}, name="items")
    head = InnerProduct(
        dim + 2, task.kind.start(bound.spec, task.targets, label_means), name=f"head_{name}")
    training = keras.Model(
        {columns.USER_INDEX: user_index, columns.ITEM_INDEX: item_index},
        {name: head(of_user, of_item), "index": item_index}, name="factorization")
    return Network(user, item, {}, {}, {name: head}, recipe.ranking, items.rows,
                   training, [whole_part(IDS, USERS, (Embedded(),), user_factors)],
                   [whole_part(IDS, ITEMS, (Embedded(),), item_factors)])


def _whole(index):
    """Returns the weight of the only modality, `(batch, 1)`; an unknown id has none."""
    return ops.cast(index > 0, "float32")[:, None]
