"""Integrated gradients of a score with respect to what the network reads, as part of the export.

Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks" (arXiv:1703.01365). The
gradients are operations of the graph, so that any server can be asked for them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.export.path import Moved, Path, Reader
from trainer.modalities.terms import terms_key
from trainer.recipe import Recipe

Tensors = dict[str, tf.Tensor]
SCORE, BASELINE = "score", "baseline"
# With fewer, co-attention, whose score turns sharply on the way, misses a third of its sum.
_STEPS = 96


class IntegratedGradients(tf.Module):
    """Attributes a network's score to the parts that it reads, along `Path`.

    What no tower of content or ids reads stays as it is: times, past values, counts and series.

    Args:
      recipe: The tasks.
      readers: The towers.
    """

    def __init__(self, recipe: Recipe, readers: list[Reader]):
        super().__init__(name="integrated_gradients")
        self._recipe = recipe
        self._readers: Any = readers
        self._terms = [terms for reader in readers for terms in reader.terms]

    def __call__(self, predict: Callable[[Tensors, Tensors], Tensors], users: Tensors,
                 items: Tensors, task: tf.Tensor) -> Tensors:
        """Attributes one score of each row.

        Args:
          predict: Maps the inputs of the user and of the item model to every task's prediction,
            `(batch,)`.
          users: Inputs of the user model.
          items: Inputs of the item model.
          task: The tasks to explain, strings `(batch,)`; '' is the one that ranks.

        Returns:
          `score`, and `baseline`, the baseline's score, `(batch,)`; for each part
          `<side>_<part>` its share in their difference, `(batch,)`, or a share for each pixel,
          moment, event or term, `(batch, ...)`; and the terms' names. The shares sum to the
          difference, as nearly as 96 steps tell.
        """
        # Gauss-Legendre: exact with far fewer steps than equal ones.
        nodes, weights = np.polynomial.legendre.leggauss(_STEPS)
        # Both ends of the path have no weight; their scores tell whether the sum is right.
        shares = np.array([*(nodes + 1) / 2, 0, 1], np.float32)
        weights = np.array([*weights / 2, 0, 0], np.float32)
        rows, steps = tf.shape(task)[0], len(shares)
        path = Path(tf.tile(shares, [rows]))
        with path.among(self._readers):
            answers = predict(*({name: tf.repeat(value, steps, axis=0)
                                 for name, value in side.items()} for side in (users, items)))
        asked = tf.repeat(tf.where(task == "", self._recipe.ranking, task), steps)
        score = tf.add_n([tf.where(asked == name, answers[name], 0.0)
                          for name in self._recipe.scored])
        ends = tf.reshape(score, [rows, steps])[:, -2:]
        found = {BASELINE: ends[:, 0], SCORE: ends[:, 1]}
        # Rows do not touch each other, so the gradient of their sum is that of each.
        gradients = tf.gradients(score * tf.tile(weights, [rows]), [m.value for m in path.moved],
                                 unconnected_gradients="zero")
        for moved, gradient in zip(path.moved, gradients, strict=True):
            self._add(found, moved, gradient, steps)
        return found

    def _add(self, found: Tensors, moved: Moved, gradient: tf.Tensor, steps: int) -> None:
        names = moved.reader.part.outputs()
        # Several embeddings of ids, of items and types of events for example, speak as one.
        name = names[min(moved.number, len(names) - 1)]
        by_place = tf.cast(gradient, tf.float32) * tf.cast(moved.distance, tf.float32)
        kept = _kept(moved)
        by_place = tf.reduce_sum(by_place, axis=list(range(kept, len(by_place.shape))))
        by_step = tf.reshape(by_place, [-1, steps, *by_place.shape[1:]])
        share = tf.reduce_sum(by_step, axis=1)
        found[name] = found[name] + share if name in found else share
        if moved.terms is not None:
            found[terms_key(name)] = moved.terms[::steps]


def _kept(moved: Moved) -> int:
    if moved.reader.by_index:
        return len(moved.distance.shape) - 1
    return moved.reader.numbers[moved.number].axes
