"""How an exported model ranks its whole catalogue: by an index, or by a head's own score."""

from typing import Protocol

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.evaluation.scoring import Catalogue
from trainer.layers.heads import Head
from trainer.network.model import Network


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
