"""Recommended items, as a client's caller sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_IDS, _SCORES = "item_ids", "scores"
_USER_WEIGHTS, _ITEM_WEIGHTS = "user_modality_weights", "item_modality_weights"


@dataclass(frozen=True)
class Recommendation:
    """One recommended item.

    Attributes:
      item_id: The item.
      score: What the list is ordered by.
      tasks: The other tasks' predictions, such as a rating, by task; a list of probabilities where
        a task has several classes or labels.
      user_weights: How much each part of the user had a say; the run's `metrics.json` names them,
        in this order. Empty if a model has none.
      item_weights: The same of the item.
    """

    item_id: str
    score: float
    tasks: dict[str, Any]
    user_weights: list[float]
    item_weights: list[float]


def recommendations(outputs: Mapping[str, np.ndarray]) -> list[list[Recommendation]]:
    """Returns the items of each row of a response, without the places that are empty.

    Args:
      outputs: Outputs of `recommend` or of `recommend_filtered`.
    """
    item_ids, scores = outputs[_IDS], outputs[_SCORES]
    users = outputs.get(_USER_WEIGHTS, np.zeros((len(item_ids), 0)))
    items = outputs.get(_ITEM_WEIGHTS, np.zeros((*item_ids.shape, 0)))
    tasks = {name: values for name, values in outputs.items()
             if name not in (_IDS, _SCORES, _USER_WEIGHTS, _ITEM_WEIGHTS)}
    return [
        [
            Recommendation(
                item_id.decode(),
                float(scores[row, place]),
                {task: values[row, place].tolist() for task, values in tasks.items()},
                users[row].tolist(),
                items[row, place].tolist(),
            )
            for place, item_id in enumerate(item_ids[row])
            if item_id
        ]
        for row in range(len(item_ids))
    ]


def task_axes(outputs: Mapping[str, Any]) -> dict[str, int]:
    """Returns the number of axes of each task among a signature's outputs."""
    return {name: len(info.tensor_shape.dim) for name, info in sorted(outputs.items())
            if name not in (_IDS, _SCORES, _USER_WEIGHTS, _ITEM_WEIGHTS)}
