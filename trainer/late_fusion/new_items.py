"""The weights of a late fusion for items without an event.

What ranks the known items best is no guide to the others: their candidates are made of content,
and of some rankers content says more than of others. So a part of the known items is hidden,
the rankers learn without their events, and the weights are those that rank the hidden items best,
the mean of a few draws. What a network says of the hidden items it has learned of their events, so
that it is not weighed here.
"""

from collections.abc import Sequence

import numpy as np

from trainer.closed_form.events import Events
from trainer.cold_items.draw import Draw, cold_task, hidden_items, without
from trainer.late_fusion.linear import weighted_history
from trainer.late_fusion.member import Member
from trainer.late_fusion.weights import fit_weights, sampled, standardised

_DRAWS = [Draw(share=0.2, min_events=5, seed=2_000 + number) for number in range(3)]


def fit_new_item_weights(members: Sequence[Member], known: Events, content: np.ndarray,
                         horizon: float, seed: int) -> dict[str, float]:
    """Finds the weight of each ranker for items without an event.

    Args:
      members: The rankers, with their parameters.
      known: The events of the known items.
      content: Content of all items, `(items, content)`.
      horizon: See `weighted_history`.
      seed: Seed of the search.

    Returns:
      Weights of sum 1, none below 0; nothing where no item has content or can be hidden.
    """
    if not content.shape[1]:
        return {}
    each = [_weights(members, known, content, horizon, draw, seed) for draw in _DRAWS]
    draws = [weights for weights in each if weights is not None]
    return dict(zip((one.name for one in members), np.mean(draws, axis=0).tolist(), strict=True)
                ) if draws else {}


def _weights(members: Sequence[Member], known: Events, content: np.ndarray, horizon: float,
             draw: Draw, seed: int) -> np.ndarray | None:
    """Returns the weights that rank the items of one draw best, if somebody wants one of them."""
    hidden = hidden_items(known, draw)
    task = sampled(cold_task(known, hidden), len(members))
    if not len(task.users):
        return None
    others, scores = without(known, hidden), []
    for one in members:
        ranker = one.fit_for_all(others, content, horizon)
        histories = weighted_history(others, one.relevant_only, horizon)[task.users]
        scores.append(standardised(
            ranker.queries(histories) @ ranker.with_content(content).T, others.warm))
    return fit_weights(scores, task, seed)
