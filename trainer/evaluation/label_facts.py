"""What the labels say before any model does: base rates, and how far predicting these comes."""

from typing import Any

import numpy as np
import tensorflow as tf

from trainer.data.events import Events
from trainer.data.interactions import judged
from trainer.data.tables import Table
from trainer.layers.heads import Offset
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe, Task
from trainer.tasks.kind import Trivial


def label_means(bound: BoundRecipe, events: Events) -> dict[str, Offset]:
    """Returns each label's mean over the events that have it.

    Args:
      bound: The recipe, which names the labels that are read.
      events: The training rows.

    Returns:
      One number for each label; for a categorical one, the share of each class.
    """
    classes = {name: len(bound.spec.label(name).classes) for name in bound.recipe.labels}
    return {name: events.class_shares(name, number) if number else events.label_mean(name)
            for name, number in classes.items()}


def label_facts(bound: BoundRecipe, users: Table, known: Events, test: Events) -> dict[str, Any]:
    """Notes what the labels of each task are, and what a predictor without a model reaches.

    Args:
      bound: The recipe, which has the tasks.
      users: The users table, whose columns may be labels.
      known: The events that the model learned from.
      test: The events that it is judged by.

    Returns:
      By task but retrieval, as plain JSON values: `demanded`, whether a bad figure
      refuses the model; `labels`, for each of them `training_rows` and `test_rows` that have it,
      and `training_value` and `test_value`, the only value that it has in them or `None`;
      `trivial`, the errors on test of what predicts without a model, and `trivial_is`, what that
      does; `metrics`, what is true of each metric that differs from the others.
    """
    means = label_means(bound, known)
    facts = {}
    for name, task in bound.recipe.judged.items():
        labels, trivial = {}, Trivial()
        if task.kind.against_unseen:  # a row that has them has both values: its item, and these
            labels["unseen items"] = _compared("training", known) | _compared("test", test)
        else:
            held_out = {label: _judged_values(users, test, label) for label in task.targets}
            labels = {label: _seen("training", known.labels[label]) | _seen("test", values)
                      for label, values in held_out.items()}
            trivial = _trivial(task, means, np.stack([*held_out.values()], axis=1))
        metrics = (*task.kind.metrics, *task.kind.apart)
        facts[name] = {
            "demanded": not task.of_user(bound.spec), "labels": labels,
            "trivial": dict(trivial.errors), "trivial_is": trivial.name,
            "metrics": {metric.key: metric.facts for metric in metrics if metric.facts}}
    return facts


def _judged_values(users: Table, test: Events, label: str) -> np.ndarray:
    """Returns a label of the test rows, NaN where it is absent; see `trainer.data.interactions`."""
    attribute = users.columns.get(columns.label(label))
    if attribute is None:
        return test.labels[label]
    shown = judged(tf.constant(["", *users.ids])).numpy()
    shown[0] = False  # an unknown user
    return np.where(shown, attribute, np.nan)[test.users]


def _compared(rows: str, events: Events) -> dict[str, Any]:
    number = 0 if events.compared is None else int(events.compared.sum())
    return {f"{rows}_rows": number, f"{rows}_value": None}


def _seen(rows: str, values: np.ndarray) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    only = float(known[0]) if len(known) and (known == known[0]).all() else None
    return {f"{rows}_rows": len(known), f"{rows}_value": only}


def _trivial(task: Task, means: dict[str, Offset], values: np.ndarray) -> Trivial:
    known = values[~np.isnan(values).any(axis=1)]
    if not len(known):
        return Trivial()
    if task.kind.several:
        return task.kind.trivial([means[label] for label in task.targets], known)
    return task.kind.trivial(means[task.targets[0]], known[:, 0])
