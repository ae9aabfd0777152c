"""Which head each task gets, and what its output means: decided by the recipe and the labels."""

import math

from keras import ops

from schemas import FeatureSpec
from trainer.layers.heads import INTERACTIONS, Head, ProfileHead
from trainer.layers.registry import look_up
from trainer.recipe import Recipe, Task


def units(spec: FeatureSpec, task: Task) -> int:
    """Returns how many numbers a task's head gives: one for each class or label."""
    if task.head == "multi_class":
        return len(spec.label(str(task.label)).classes)
    return len(task.targets) if task.head == "multi_label" else 1


def build_heads(
    spec: FeatureSpec, recipe: Recipe, label_means: dict[str, float]
) -> dict[str, Head]:
    """Builds the head of every task but retrieval.

    Args:
      spec: Tells what the labels are.
      recipe: The tasks, and how a user's and an item's vector meet.
      label_means: Mean of each label over the training rows, where regressions start.

    Returns:
      Heads by task: of a pair, or of the user alone.
    """
    options = recipe.model
    pair = look_up(INTERACTIONS, options.interaction, "interaction")
    return {
        name: (ProfileHead if task.of_user(spec) else pair)(
            options.dim, label_means[str(task.label)] if task.head == "regression" else 0.0,
            options.dropout, units(spec, task), name=f"head_{name}")
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
