"""Which head each task gets, and what its output means: decided by the recipe and the labels."""

import math
from collections.abc import Mapping

import numpy as np
from keras import ops

from schemas import FeatureSpec
from trainer.layers.heads import INTERACTIONS, Head, Offset, ProfileHead
from trainer.layers.registry import look_up
from trainer.recipe import Recipe, Task

# Nobody is sure of what the training rows do not show: a head must be able to learn otherwise.
_RAREST = 1e-4


def units(spec: FeatureSpec, task: Task) -> int:
    """Returns how many numbers a task's head gives: one for each class or label."""
    if task.head == "multi_class":
        return len(spec.label(str(task.label)).classes)
    return len(task.targets) if task.head == "multi_label" else 1


def head_start(spec: FeatureSpec, task: Task, means: Mapping[str, Offset]) -> Offset:
    """Returns the output at which a head starts, so that it predicts the base rate.

    Args:
      spec: Tells how many items a click is compared with.
      task: The task.
      means: What `trainer.label_facts.label_means` returned; a class or probability without one
        starts as likely as any other.

    Returns:
      The mean of a value, the log-odds of a probability, the log-shares of classes; of a click,
      the log-odds of one item among all that are compared.
    """
    if task.head == "regression":
        return means[str(task.label)]
    if task.head == "click":
        unseen = spec.unseen()
        return -math.log(unseen.max_values) if unseen and unseen.max_values else 0.0
    found = [means.get(label, 0.5) for label in task.targets]
    shares = np.clip(found, _RAREST, 1 - _RAREST)
    if task.head == "multi_class":
        return np.log(shares[0]).tolist()
    odds = np.log(shares / (1 - shares)).tolist()
    return odds if task.head == "multi_label" else odds[0]


def build_heads(
    spec: FeatureSpec, recipe: Recipe, means: Mapping[str, Offset]
) -> dict[str, Head]:
    """Builds the head of every task but retrieval.

    Args:
      spec: Tells what the labels are.
      recipe: The tasks, and how a user's and an item's vector meet.
      means: The same.

    Returns:
      Heads by task: of a pair, or of the user alone.
    """
    options = recipe.model
    pair = look_up(INTERACTIONS, options.interaction, "interaction")
    return {
        name: (ProfileHead if task.of_user(spec) else pair)(
            options.dim, head_start(spec, task, means), options.dropout, units(spec, task),
            name=f"head_{name}")
        for name, task in recipe.tasks.items() if task.head != "retrieval"
    }


def prediction(spec: FeatureSpec, task: Task, raw):
    """Turns a head's output into what is predicted.

    Args:
      spec: Tells the label's domain.
      task: The task.
      raw: The head's output, `(...)`, or `(..., units)` for several classes or labels.

    Returns:
      Probabilities, or values within the label's domain, in the same shape.
    """
    if task.probability:
        return ops.sigmoid(raw)
    if task.head == "multi_class":
        return ops.softmax(raw, axis=-1)
    label = spec.label(str(task.label))
    low = -math.inf if label.minimum is None else label.minimum
    high = math.inf if label.maximum is None else label.maximum
    return ops.clip(raw, low, high)
