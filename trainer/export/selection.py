"""Ranks the whole catalogue, and chooses a list: what may be in it, and in which order."""

from typing import Protocol

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tensorflow_transform as tft

from schemas import FeatureSpec
from serving import filters
from trainer.data.interactions import table_index
from trainer.data.tables import Table
from trainer.evaluation.scoring import Catalogue
from trainer.export.catalogue import Category, ItemCatalogue
from trainer.export.greedy import NEVER, Greedy, Wanted
from trainer.export.seen import marked
from trainer.layers.heads import Head
from trainer.network.model import Network

Tensors = dict[str, tf.Tensor]
_MOST_BOOST = 1e6  # standard deviations; more changes no order, and would overflow


class Ranking(Protocol):
    """Ranks the items for users; row 0 of the vectors, the unknown item, is never ranked."""

    def best(self, user: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns scores and item indices of the best items, `(batch, k)`, best first."""

    def scores(self, user: tf.Tensor) -> tf.Tensor:
        """Returns the scores of all items but row 0, `(batch, items)`."""


def ranking(network: Network, items: Catalogue) -> Ranking:
    """Returns how a network ranks, given what it says of its items."""
    if network.ranking in network.heads:
        return HeadRanking(network.heads[network.ranking], items.vectors)
    return InnerProductRanking(items.candidates)


class InnerProductRanking(tf.Module):
    """Ranks by the inner product of query and candidate, with TFRS's exact index."""

    def __init__(self, candidates: np.ndarray):
        super().__init__(name="inner_product_ranking")
        self._candidates = tf.Variable(candidates[1:], trainable=False)
        self._index = tfrs.layers.factorized_top_k.BruteForce(k=10)
        self._index.index(tf.constant(candidates[1:]), tf.range(1, len(candidates)))

    def best(self, user: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See `Ranking`."""
        return self._index(user, k=k)

    def scores(self, user: tf.Tensor) -> tf.Tensor:
        """See `Ranking`."""
        return tf.matmul(user, self._candidates, transpose_b=True)


class HeadRanking(tf.Module):
    """Ranks by a head's output before it is bounded, so that no scale's end makes ties."""

    def __init__(self, head: Head, vectors: np.ndarray):
        super().__init__(name="head_ranking")
        self._head = head
        self._vectors = tf.Variable(vectors[1:], trainable=False)

    def best(self, user: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See `Ranking`."""
        scores, place = tf.math.top_k(self.scores(user), k=k)
        return scores, place + 1

    def scores(self, user: tf.Tensor) -> tf.Tensor:
        """See `Ranking`; one user after the other, for the head's units fill the memory."""
        return tf.map_fn(
            lambda one: self._head(one[None, :], self._vectors), user,
            fn_output_signature=tf.TensorSpec([self._vectors.shape[0]], tf.float32))


class Selection(tf.Module):
    """Chooses lists.

    Args:
      spec: The dataset's spec.
      items: The items table.
      transform: The output of the items' transform.
      catalogue: The items' ids, and which are alike.
    """

    def __init__(self, spec: FeatureSpec, items: Table, transform: tft.TFTransformOutput,
                 catalogue: ItemCatalogue):
        super().__init__(name="selection")
        self._catalogue, self._rows = catalogue, len(items)
        self._categories = {
            feature.name: Category(feature.name, items.columns[feature.name],
                                   transform.vocabulary_by_name(feature.name))
            for feature in spec.inputs("items")
            if feature.categories and feature.name in items.columns}

    def signature(self) -> dict[str, tf.TensorSpec]:
        """Returns the inputs; '' and -1 mean absent."""
        lists = {filters.ALLOWED: tf.string, filters.BLOCKED: tf.string,
                 filters.BOOSTED: tf.string, filters.BOOSTS: tf.float32}
        lists.update((filters.allowed_key(name), tf.string) for name in self._categories)
        numbers = {filters.EXCLUDE_SEEN: tf.int32, filters.DIVERSITY: tf.float32}
        numbers.update((filters.most_key(name), tf.int32) for name in self._categories)
        return {**{n: tf.TensorSpec([None, None], d, n) for n, d in lists.items()},
                **{n: tf.TensorSpec([None], d, n) for n, d in numbers.items()}}

    def __call__(self, request: Tensors, scores: tf.Tensor, seen: tf.Tensor,
                 k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Chooses a list for each row.

        Args:
          request: The inputs.
          scores: Scores of all items but the unknown one, `(batch, items)`.
          seen: Items that the user has an event with, `(batch, 1 + items)`.
          k: How many items to choose, a scalar.

        Returns:
          The scores with their boosts and the item indices, `(batch, k)`, 0 where no item is left.
        """
        scores = self._boosted(request, tf.pad(scores, [[0, 0], [1, 0]]))
        wanted = Wanted(
            scores, self._open(request, seen),
            tf.clip_by_value(request[filters.DIVERSITY], 0.0, 1.0)[:, None],
            tuple(request[filters.most_key(name)][:, None] for name in self._categories))
        greedy = Greedy(self._catalogue.likeness, list(self._categories.values()))
        index = tf.cond(wanted.plain, lambda: _best(wanted, k), lambda: greedy(wanted, k))
        return tf.where(index > 0, tf.gather(scores, index, batch_dims=1), 0.0), index

    def _open(self, request: Tensors, seen: tf.Tensor) -> tf.Tensor:
        excluded = tf.logical_and(seen, (request[filters.EXCLUDE_SEEN] != 0)[:, None])
        allowed = self._marked(request[filters.ALLOWED])
        restricted = tf.reduce_any(tf.strings.length(request[filters.ALLOWED]) > 0, axis=1)
        mask = tf.logical_or(allowed, tf.logical_not(restricted)[:, None])
        for one in (excluded, self._marked(request[filters.BLOCKED])):
            mask = tf.logical_and(mask, tf.logical_not(one))
        for name, category in self._categories.items():
            mask = tf.logical_and(mask, category.allowed(request[filters.allowed_key(name)]))
        return tf.logical_and(mask, tf.range(self._rows)[None] > 0)

    def _marked(self, ids: tf.Tensor) -> tf.Tensor:
        return marked(table_index(self._catalogue.ids, ids), self._rows)

    def _boosted(self, request: Tensors, scores: tf.Tensor) -> tf.Tensor:
        """Raises scores by standard deviations, which all models' scores have."""
        index = table_index(self._catalogue.ids, request[filters.BOOSTED])
        width = tf.minimum(tf.shape(index)[1], tf.shape(request[filters.BOOSTS])[1])
        index, boosts = index[:, :width], tf.clip_by_value(
            request[filters.BOOSTS][:, :width], -_MOST_BOOST, _MOST_BOOST)
        deviation = tf.math.reduce_std(scores[:, 1:], axis=1, keepdims=True)
        rows = tf.repeat(tf.range(tf.shape(index)[0]), width)
        flat = tf.stack([rows, tf.reshape(index, [-1])], axis=1)
        return tf.tensor_scatter_nd_add(scores, flat, tf.reshape(boosts * deviation, [-1]))


def _best(wanted: Wanted, k: tf.Tensor) -> tf.Tensor:
    """Returns the indices of the items of the best scores, `(batch, k)`, 0 where none is left."""
    scores, index = tf.math.top_k(tf.where(wanted.open, wanted.scores, NEVER), k=k)
    return tf.where(scores > NEVER, index, 0)
