"""A network whose score is a late fusion: its own and those of rankers in closed form, summed.

All of them are inner products, so the sum is one, too: of the queries side by side, each scaled to
scores of deviation 1, with the candidates side by side, each scaled to its weight. Weights for an
item without an event are others than for the known ones.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import keras
import numpy as np
from keras import ops
from scipy import sparse

from trainer.behaviour.past import past_relevance
from trainer.closed_form.events import Events
from trainer.evaluation.scoring import catalogue
from trainer.late_fusion.fit import NETWORK, LateFusion
from trainer.late_fusion.linear import FLOOR, weighted_history
from trainer.late_fusion.predictors import PairProduct
from trainer.late_fusion.stack import Stack
from trainer.layers.heads import Head, PartHead, ProfileHead, StackedHead
from trainer.layers.inputs import column_input
from trainer.layers.late_fusion import HistoryWeights, UnitScores
from trainer.layers.lookup import TableLookup, UserTable
from trainer.network.content import content_inputs
from trainer.network.model import CANDIDATE, Network
from trainer.preprocessing import columns
from trainer.training.data import TrainingData

Inputs = dict[str, keras.KerasTensor]


class Recent(NamedTuple):
    """The newest events of each user, as far as a history goes.

    Attributes:
      items: Item indices, `(users, length)`, 0 for none.
      relevant: The same with 0 in the place of what was not relevant.
    """

    items: np.ndarray
    relevant: np.ndarray


def with_stacks(network: Network, stacks: Mapping[str, Stack]) -> Network:
    """Returns the network with heads that add predictors in closed form to their own outputs.

    Args:
      network: The trained network.
      stacks: The stack of each task that has one.
    """
    user_inputs = _inputs(network.user)
    if columns.USER_INDEX not in user_inputs:
        user_inputs[columns.USER_INDEX] = keras.Input((), dtype="int32", name=columns.USER_INDEX)
    out = dict(network.user({t.name: user_inputs[t.name] for t in network.user.inputs}))
    item_inputs = _inputs(network.item)
    outputs = network.item(item_inputs)
    vectors, end = [outputs["vector"]], outputs["vector"].shape[-1]
    heads: dict[str, Head] = {
        name: head if isinstance(head, ProfileHead) else PartHead(head, name=head.name)
        for name, head in network.heads.items()}
    for name, stack in stacks.items():
        # The last product is of flags: 1 where user and item are known.
        products = (*stack.predictors, PairProduct.of(stack.users, stack.items))
        users, items = (np.concatenate([getattr(one, side) for one in products], axis=1)
                        for side in ("users", "items"))
        of_user = UserTable(users, name=f"{name}_stack")
        of_item = TableLookup(items, name=f"{name}_stack")
        out[name] = ops.concatenate([out[name], of_user(user_inputs[columns.USER_INDEX])], -1)
        vectors.append(of_item(item_inputs[columns.ITEM_INDEX]))
        head = network.heads[name]
        heads[name] = StackedHead(
            head, stack.warm, stack.cold, [one.users.shape[1] for one in products], end,
            stack.bounds, name=head.name)
        end += of_item.width
    user = keras.Model(user_inputs, out, name=network.user.name)
    item = keras.Model(item_inputs, {**outputs, "vector": ops.concatenate(vectors, axis=-1)},
                       name=network.item.name)
    return replace(network, user=user, item=item, heads=heads)


def with_rankers(network: Network, fusion: LateFusion, data: TrainingData, known: Events,
                  recent: Recent) -> Network:
    """Returns the network with the fusion's score in place of its own.

    Args:
      network: The trained network, with a retrieval task.
      fusion: The fitted fusion.
      data: What it was trained on.
      known: The events that the rankers know.
      recent: The users' newest events as histories have them; what is older is added from a
        table.
    """
    weights = {name: (weight, fusion.new_item_weights.get(name, 0.0))
               for name, weight in fusion.weights.items()}
    rankers = {name: ranker for name, ranker in fusion.rankers.items() if any(weights[name])}
    features = data.bound.inputs("items")
    vectors = fusion.content.vectors(features, data.item_side)
    in_events = known.warm
    of_new = (vectors if fusion.new_content is fusion.content
              else fusion.new_content.vectors(features, data.item_side))
    candidates = {name: ranker.with_content(vectors, of_new) for name, ranker in rankers.items()}
    with_own = any(weights.get(NETWORK, ()))
    if with_own:
        candidates[NETWORK] = catalogue(network).candidates
    means = {name: one[in_events].mean(axis=0) for name, one in candidates.items()}

    user_inputs = _inputs(network.user) | _history_inputs(data)
    out = network.user({t.name: user_inputs[t.name] for t in network.user.inputs})
    queries = _queries(fusion, rankers, user_inputs, data, known, recent)
    if with_own:
        queries[NETWORK] = out[network.ranking]
    scaled = [UnitScores(candidates[name][in_events] - means[name], name=f"scores_{name}")(query)
              for name, query in queries.items()]
    user = keras.Model(user_inputs, {**out, network.ranking: ops.concatenate(scaled, axis=-1)},
                       name=network.user.name)

    item_inputs = _inputs(network.item)
    if fusion.content.dim:
        item_inputs = content_inputs(data.item_side) | item_inputs
    outputs = network.item({t.name: item_inputs[t.name] for t in network.item.inputs})
    own = _candidates(rankers, fusion, features, item_inputs)
    if with_own:
        own[NETWORK] = outputs[CANDIDATE]
    known_item = TableLookup(in_events.astype(np.float32)[:, None], name="known_items")(
        item_inputs[columns.ITEM_INDEX])
    weighted = []
    for name in queries:
        warm, new = weights[name]
        weight = new + known_item * (warm - new)
        weighted.append((own[name] - means[name]) * weight)
    item = keras.Model(item_inputs, {**outputs, CANDIDATE: ops.concatenate(weighted, axis=-1)},
                       name=network.item.name)
    lookup = {name: TableLookup(values, name=f"items_{name}")
              for name, values in data.item_side.content.items()
              if name in item_inputs and name not in network.item_lookup}
    return replace(network, user=user, item=item, item_lookup=network.item_lookup | lookup,
                   rankers={name: query.shape[-1] for name, query in queries.items()})


def _inputs(model: keras.Model) -> Inputs:
    """Returns new inputs of the names, shapes and dtypes of a model's."""
    return {t.name: column_input(t.shape[1:], t.dtype, t.name) for t in model.inputs}


def _history_inputs(data: TrainingData) -> Inputs:
    """Returns what the rankers read of a user."""
    inputs = {columns.USER_INDEX: keras.Input((), dtype="int32", name=columns.USER_INDEX)}
    histories = data.spec.histories()
    if not data.spec.has_history:
        return inputs
    length = (histories["item_id"].max_values,)
    inputs[columns.HISTORY_INDEX] = keras.Input(length, dtype="int32", name=columns.HISTORY_INDEX)
    inputs[columns.HISTORY_RANK] = keras.Input(length, dtype="int64", name=columns.HISTORY_RANK)
    relevant = past_relevance(data.spec, data.recipe.relevance)
    if relevant is not None:
        inputs[relevant.column] = keras.Input(length, dtype="float32", name=relevant.column)
    return inputs


def _queries(fusion: LateFusion, rankers: Mapping, inputs: Inputs, data: TrainingData,
             known: Events, recent: "Recent") -> Inputs:
    """Returns each ranker's query, `(batch, dim)`, of the history and of what is older."""
    queries: Inputs = {}
    for relevant_only in (False, True):
        some = {name: one for name, one in rankers.items()
                if (name in fusion.relevant_only) == relevant_only}
        if not some:
            continue
        history = np.concatenate([one.history for one in some.values()], axis=1)
        start = np.concatenate([one.start for one in some.values()])
        name = "relevant" if relevant_only else "events"
        newest = recent.relevant if relevant_only else recent.items
        query = _older(known, newest, relevant_only, fusion.horizon, history, name)(
            inputs[columns.USER_INDEX]) + start
        if columns.HISTORY_INDEX in inputs:
            index, rank = inputs[columns.HISTORY_INDEX], inputs[columns.HISTORY_RANK]
            wanted = ops.ones_like(index)
            relevant = past_relevance(data.spec, data.recipe.relevance)
            if relevant_only and relevant is not None:
                wanted = ops.cast(inputs[relevant.column] >= relevant.bound, "int32")
            weights = HistoryWeights(fusion.horizon, FLOOR, name=f"weights_of_{name}")(
                index, rank, wanted)
            rows = TableLookup(history, name=f"history_of_{name}")(index)
            query = query + ops.einsum("bl,bld->bd", weights, rows)
        end = 0
        for ranker_name, one in some.items():
            queries[ranker_name] = query[:, end : end + one.dim]
            end += one.dim
    return {name: queries[name] for name in rankers}


class OlderSum(keras.layers.Layer):
    """The sum of what is older than a user's history, of the users who have that.

    Attributes:
      place: Of each user, the place in `sums`, 0 for none.
      sums: The sums.
    """

    def __init__(self, users: np.ndarray, sums: np.ndarray, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.place = TableLookup(users, name="place")
        self.sums = TableLookup(sums, name="sums")

    def call(self, user):
        """Maps user indices `(batch,)` to `(batch, dim)`."""
        return self.sums(self.place(user))


def _older(known: Events, recent: np.ndarray, relevant_only: bool, horizon: float,
           history: np.ndarray, name: str) -> keras.layers.Layer:
    past = weighted_history(known, relevant_only, horizon)
    users, places = np.nonzero(recent)
    newest = sparse.csr_matrix((np.ones(len(users)), (users, recent[users, places])), past.shape)
    past = (past - past.multiply(newest > 0)).tocsr()
    past.eliminate_zeros()
    some = np.flatnonzero(np.diff(past.indptr))
    place = np.zeros(known.n_users, np.int32)
    place[some] = np.arange(1, len(some) + 1)
    sums = np.concatenate([np.zeros((1, history.shape[1])), past[some] @ history])
    return OlderSum(place, sums.astype(np.float32), name=f"older_{name}")


def _candidates(rankers: Mapping, fusion: LateFusion, features, inputs: Inputs) -> Inputs:
    """Returns each ranker's candidate, `(batch, dim)`, of items known and new."""
    index = inputs[columns.ITEM_INDEX]
    content = fusion.content(features, inputs) if fusion.content.dim else None
    of_new = content
    if fusion.new_content is not fusion.content and fusion.new_content.dim:
        of_new = fusion.new_content(features, inputs, "new__")
    candidates: Inputs = {}
    for name, ranker in rankers.items():
        if ranker.of_content_alone:
            candidates[name] = content
            continue
        own = TableLookup(ranker.candidates, name=f"candidates_{name}")(index)
        if of_new is not None and len(ranker.of_content):
            new = ops.cast(ops.logical_not(ops.any(own != 0, axis=1, keepdims=True)), "float32")
            constant, slopes = ranker.of_content[:1], ranker.of_content[1:]
            own = own + new * (of_new @ slopes + constant)
        candidates[name] = own
    return candidates
