"""What a late fusion says of items without an event.

What ranks the known items best is no guide to the others: their candidates are made of content,
and of some rankers content says more than of others. So a part of the known items is hidden,
the rankers learn without their events, and what ranks the hidden items best is taken: how freely
a regression follows content, and the weights, the mean of a few draws. What a network says of the
hidden items it has learned of their events, so that it is not weighed here.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from trainer.closed_form.events import Events
from trainer.cold_items.draw import Draw, cold_task, hidden_items, without
from trainer.evaluation.ranking import RankingTask, ranking_metrics
from trainer.late_fusion.linear import weighted_history
from trainer.late_fusion.member import Member
from trainer.late_fusion.weights import fit_weights, sampled, standardised, weighted_sum

_DRAWS = [Draw(share=0.2, min_events=5, seed=2_000 + number) for number in range(3)]

_PENALTIES = (0.3, 1.0, 3.0)
_CHOSEN_BY = "ndcg@50"  # Of ten places chance decides more than one penalty or the other.


class NewItems(NamedTuple):
    """How items without an event are scored.

    Attributes:
      weights: Weight of each ranker, of sum 1, none below 0; empty where no item has content or
        can be hidden.
      content_penalty: Of the regression that makes a candidate of content, see
        `regression_on_content`.
    """

    weights: dict[str, float]
    content_penalty: float = 1.0


def fit_new_items(members: Sequence[Member], known: Events, content: np.ndarray, horizon: float,
                  seed: int) -> NewItems:
    """Finds how to score items without an event.

    Args:
      members: The rankers, with their parameters.
      known: The events of the known items.
      content: Content of all items, `(items, content)`.
      horizon: See `weighted_history`.
      seed: Seed of the search.
    """
    weights, reached = [], []
    for draw in _DRAWS if content.shape[1] else ():
        hidden = hidden_items(known, draw)
        task = sampled(cold_task(known, hidden), len(members))
        if len(task.users):
            tried = [_tried(scores, task, seed) for scores in _scores(
                members, without(known, hidden), content, horizon, task)]
            weights.append([one for one, _ in tried])
            reached.append([one for _, one in tried])
    if not weights:
        return NewItems({})
    best = int(np.argmax(np.mean(reached, axis=0)))
    mean = np.mean([of_draw[best] for of_draw in weights], axis=0).tolist()
    return NewItems(dict(zip([one.name for one in members], mean, strict=True)),
                    _PENALTIES[best])


def _tried(scores: list[np.ndarray], task: RankingTask, seed: int) -> tuple[np.ndarray, float]:
    """Returns the weights that rank a task best, and what they reach."""
    weights = fit_weights(scores, task, seed)
    return weights, ranking_metrics(weighted_sum(weights, scores), task).metrics[_CHOSEN_BY]


def _scores(members: Sequence[Member], others: Events, content: np.ndarray, horizon: float,
            task: RankingTask) -> Iterator[list[np.ndarray]]:
    """Yields for each penalty every ranker's scores of a task, `(q, items)`, of other events."""
    fitted = [one.fit(others, content, horizon) for one in members]
    queries = [ranker.queries(weighted_history(others, one.relevant_only, horizon)[task.users])
               for one, ranker in zip(members, fitted, strict=True)]
    counts = [others.item_counts(one.relevant_only) for one in members]
    for penalty in _PENALTIES:
        yield [standardised(
            query @ ranker.with_new_items(content, count, penalty).with_content(content).T,
            others.warm) for ranker, query, count in zip(fitted, queries, counts, strict=True)]
