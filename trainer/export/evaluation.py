"""What TFMA reads of an interaction beside the predictions: labels, weights and slices."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from trainer.data.interactions import judged_attribute
from trainer.data.tables import Table
from trainer.export.keys import (
    ITEM_POPULARITY,
    USER_ACTIVITY,
    category_key,
    label_key,
    weight_key,
)
from trainer.export.module import Recommender
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe, Task

_BOUNDS = (5, 20, 50, 200)
_NONE, _OTHER = "none", "other"
_MOST_VALUES = 30  # Each of a category is a slice; figures of thousands take hours and say nothing.


class EvaluationColumns(tf.Module):
    """Derives the columns from raw Examples and the tables inside the model.

    Attributes:
      of_users: Variables with one row a user.
    """

    def __init__(self, bound: BoundRecipe, recommender: Recommender, users: Table, items: Table,
                 transform: tft.TFTransformOutput):
        super().__init__(name="evaluation_columns")
        self._recommender, self._recipe = recommender, bound.recipe
        self._activity = tf.Variable(_bucket(users.events), trainable=False)
        self._attributes = {
            column: tf.Variable(users.columns[column], trainable=False)
            for column in map(columns.label, bound.recipe.labels) if column in users.columns
        }
        self.of_users = [self._activity, *self._attributes.values()]
        self._popularity = tf.Variable(_bucket(items.events), trainable=False)
        self._categories = {}
        for feature in bound.spec.inputs("items"):
            if feature.categories and feature.name in items.columns:
                known = _groups([b.decode() for b in transform.vocabulary_by_name(feature.name)])
                index = items.columns[feature.name]
                # A slice counts a value once, so the first one may stand in for padding.
                index = np.where(index == 0, index[:, :1], index)
                self._categories[category_key(feature)] = tf.Variable(
                    known[index], trainable=False)

    def __call__(self, serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        """Maps serialized raw Examples `(batch,)` to labels, weights and slice columns."""
        row = self._recommender.rows(serialized)
        user, item = row[columns.USER_INDEX], row[columns.ITEM_INDEX]
        outputs = {}
        for name, task in self._recipe.judged.items():
            if task.kind.against_unseen:
                label, known = _clicked(row, task)
            else:
                value = tf.stack([self._label(name, row, user) for name in task.targets], axis=1)
                known = tf.reduce_all(tf.logical_not(tf.math.is_nan(value)), axis=1)
                label = tf.where(known[:, None], value, 0.0)
            outputs[label_key(name)] = label
            outputs[weight_key(name)] = tf.cast(known, tf.float32)[:, None]
        outputs[USER_ACTIVITY] = tf.gather(self._activity, user)[:, None]
        outputs[ITEM_POPULARITY] = tf.gather(self._popularity, item)[:, None]
        for name, table in self._categories.items():
            outputs[name] = tf.gather(table, item)
        return outputs

    def _label(self, name: str, row: dict[str, tf.Tensor], user: tf.Tensor) -> tf.Tensor:
        column = columns.label(name)
        if column in row:
            return row[column]
        return judged_attribute(self._attributes[column], user, row[columns.USER_ID])


def _clicked(row: dict[str, tf.Tensor], task: Task) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns 1 for the row's item and 0 for its unseen ones, and which rows can be judged."""
    unseen = tf.strings.length(row[columns.UNSEEN_ID]) > 0
    own = tf.ones_like(unseen[:, :1], tf.float32)
    label = tf.concat([own, tf.zeros_like(unseen, tf.float32)], axis=1)
    known = tf.reduce_all(unseen, axis=1)
    if task.label is not None:
        known = tf.logical_and(known, row[columns.label(task.label)] > 0)
    return label, known


def _groups(vocabulary: Sequence[str]) -> np.ndarray:
    """Names the group of each index of a category: none, its most frequent values, and others."""
    rare = len(vocabulary[_MOST_VALUES:]) + 1  # the last index is of values without one
    return np.array([_NONE, *vocabulary[:_MOST_VALUES], *[_OTHER] * rare], dtype=object)


def _bucket(events: np.ndarray) -> np.ndarray:
    """Names ranges of event counts, in an order that also sorts as text."""
    edges = [0, *_BOUNDS]
    ranges = zip(edges, _BOUNDS, strict=False)
    names = [f"{low:03d} to {high - 1:03d} events" for low, high in ranges]
    names.append(f"{_BOUNDS[-1]:03d} or more events")
    return np.array(names, dtype=object)[np.digitize(events, _BOUNDS)]
