"""Differentially private training: what one user's events change is bounded, and hidden in noise.

Abadi et al. 2016, arXiv:1607.00133, by user as in McMahan et al. 2018, arXiv:1710.06963: each user
is in a step by chance, the gradient of each user's events is clipped, and the sum gets Gaussian
noise. The losses of a user's events must depend on that user's events alone; which recipes do not
keep to that, `trainer.recipe.families` refuses.

Chance and noise are of the operating system: who knew the seed could take the noise away.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.data.interactions import InteractionReader
from trainer.layers.heads import Offset
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe
from trainer.recipe.network import Privacy
from trainer.training.multitask import MultiTaskModel


def neutral_means(bound: BoundRecipe) -> dict[str, Offset]:
    """Returns means of the labels that say nothing of the data: the middle of what may be."""
    means: dict[str, Offset] = {}
    for name in bound.recipe.labels:
        label = bound.spec.label(name)
        if label.classes:
            means[name] = [1 / len(label.classes)] * len(label.classes)
        elif label.binary:
            means[name] = 0.5
        else:
            low, high = label.minimum, label.maximum
            means[name] = 0.0 if low is None or high is None else (low + high) / 2
    return means


def user_batches(reader: InteractionReader, files: list[str], privacy: Privacy, users: int,
                 rng: np.random.Generator | None = None) -> tf.data.Dataset:
    """Returns steps without end: each user is in each of them by the same chance.

    Args:
      reader: Reads the interactions.
      files: Files of transformed interactions.
      privacy: The recipe's options.
      users: Number of users in the table.
      rng: Draws; by default from the operating system.

    Returns:
      A dataset of `(inputs, labels, lengths)`: the rows of the drawn users one after the other, and
      how many are of each.
    """
    rows = reader.rows(files)
    labels = {name: rows[columns.label(name)] for name in reader.labels}
    inputs = reader.inputs(rows)
    if columns.EVENT_WEIGHT in rows:
        labels[columns.EVENT_WEIGHT] = rows[columns.EVENT_WEIGHT]
    drawn = _draws(rows[columns.USER_INDEX], privacy, users, rng or np.random.default_rng())
    kept = {"inputs": inputs, "labels": labels}

    def steps() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield from drawn

    numbers = tf.TensorSpec((None,), tf.int64)
    index = tf.data.Dataset.from_generator(steps, output_signature=(numbers, numbers))
    tensors = tf.nest.map_structure(tf.constant, kept)

    def taken(place: tf.Tensor, lengths: tf.Tensor):
        step = tf.nest.map_structure(lambda values: tf.gather(values, place), tensors)
        return step["inputs"], step["labels"], lengths

    return index.map(taken).prefetch(2)


def _draws(owners: np.ndarray, privacy: Privacy, users: int, rng: np.random.Generator
           ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the rows of each step, and how many are of each user that was drawn."""
    order = np.argsort(owners, kind="stable")
    bounds = np.searchsorted(owners[order], np.arange(1, users + 2))
    while True:
        drawn = np.flatnonzero(rng.random(users) < privacy.chance)
        chosen = [rng.permutation(order[bounds[user]:bounds[user + 1]])[:privacy.events]
                  for user in drawn]
        chosen = [rows for rows in chosen if len(rows)]
        yield (np.concatenate([np.zeros(0, np.int64), *chosen]).astype(np.int64),
               np.array([len(rows) for rows in chosen], np.int64))


class PrivateModel(MultiTaskModel):
    """Trains a network so that no user's events change it by much; TensorFlow's backend alone.

    Args:
      users: Number of users in the table.
      privacy: The recipe's options.
      noise: Draws the noise; by default from the operating system.
      **given: The arguments of `MultiTaskModel`.
    """

    supports_jit = False  # users have different numbers of events

    def __init__(self, users: int, privacy: Privacy, noise: tf.random.Generator | None = None,
                 **given: Any):
        super().__init__(**given)
        self._users, self._privacy = users, privacy
        self._noise = noise or tf.random.Generator.from_non_deterministic_state()

    def train_step(self, data):
        """Runs a step on what `user_batches` returns."""
        inputs, labels, lengths = data
        privacy = self._privacy
        losses, sums = self.clipped_sums(inputs, labels, lengths)
        self.optimizer.apply_gradients(
            ((one + self._noise.normal(one.shape, stddev=privacy.noise * privacy.clip))
             / (privacy.chance * self._users), weight)
            for one, weight in zip(sums, self.trainable_weights, strict=True))
        users = tf.cast(tf.maximum(tf.shape(lengths)[0], 1), tf.float32)
        return self.log({name: loss / users for name, loss in losses.items()}, users)

    def clipped_sums(self, inputs: Mapping, labels: Mapping, lengths: tf.Tensor
                     ) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        """Adds up the losses and the clipped gradients of the users of a step.

        Args:
          inputs: The rows of all users, one after the other.
          labels: The labels of the same rows.
          lengths: How many rows are of each user, `(users,)`.

        Returns:
          The sum of each loss by name, and of each trainable weight that of the users' gradients.
        """
        ends = tf.cumsum(lengths)
        start = ({name: tf.constant(0.0) for name in self._trackers},
                 [tf.zeros(weight.shape) for weight in self.trainable_weights])

        def add(so_far, bounds):
            losses, sums = so_far
            rows = slice(bounds[0], bounds[1])
            of_user, gradients = self._clipped(
                {name: values[rows] for name, values in inputs.items()},
                {name: values[rows] for name, values in labels.items()})
            return ({name: loss + of_user[name] for name, loss in losses.items()},
                    [one + gradient for one, gradient in zip(sums, gradients, strict=True)])

        return tf.foldl(add, tf.stack([ends - lengths, ends], axis=1), start)

    def _clipped(self, inputs: Mapping, labels: Mapping) -> tuple[dict, list[tf.Tensor]]:
        """Returns one user's losses, and the gradients, whose norm is at most `clip`."""
        weights = self.trainable_weights
        with tf.GradientTape() as tape:
            losses = self.all_losses(labels, self(inputs, training=True))
            total = self._total(losses)
        gradients = tape.gradient(total, [weight.value for weight in weights])
        gradients = [tf.zeros(weight.shape) if one is None else tf.convert_to_tensor(one)
                     for one, weight in zip(gradients, weights, strict=True)]
        norm = tf.linalg.global_norm(gradients)
        share = tf.minimum(1.0, tf.math.divide_no_nan(self._privacy.clip, norm))
        # A gradient that is no number has no norm to be clipped by.
        return losses, [tf.where(tf.math.is_finite(norm), share * one, 0.0) for one in gradients]
