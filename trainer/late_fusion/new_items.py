"""What a late fusion says of items without an event.

What ranks the known items best is no guide to the others: their candidates are made of content,
and of some rankers content says more than of others. So a part of the known items is hidden,
the rankers learn without their events, and what ranks the hidden items best is taken: how much of
the content is read, how freely a regression follows it, and the weights, the mean of a few draws.
What a network says of the hidden items it has learned of their events, so that nothing can measure
what it is worth there, and it has no weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trainer.closed_form.draw import Draw, cold_task, hidden_items, without
from trainer.closed_form.events import Events
from trainer.evaluation.ranking import RankingTask, ranking_metrics
from trainer.late_fusion.linear import LinearRanker, weighted_history
from trainer.late_fusion.member import Member
from trainer.late_fusion.weights import fit_weights, sampled, standardised, weighted_sum

_DRAWS = [Draw(share=0.2, min_events=5, seed=2_000 + number) for number in range(3)]

_PENALTY, _OTHER_PENALTIES = 1.0, (0.3, 3.0)  # The content is chosen by the first.
_CHOSEN_BY = "ndcg@50"  # Of ten places chance decides more than one penalty or the other.


class NewItems(NamedTuple):
    """How items without an event are scored.

    Attributes:
      weights: Weight of each ranker, of sum 1, none below 0; empty where no item has content or
        can be hidden.
      content_penalty: Of the regression that makes a candidate of content, see
        `regression_on_content`.
      content: Which of the given contents it reads.
    """

    weights: dict[str, float]
    content_penalty: float = 1.0
    content: int = 0


def fit_new_items(members: Sequence[Member], known: Events, contents: Sequence[np.ndarray],
                  horizon: float, seed: int) -> NewItems:
    """Finds how to score items without an event: by which content, and how freely it is followed.

    Args:
      members: The rankers, with their parameters.
      known: The events of the known items.
      contents: Contents of all items, each `(items, content)`; the widest is last.
      horizon: See `weighted_history`.
      seed: Seed of the search.
    """
    draws = [_hide(members, known, hidden_items(known, draw), contents, horizon)
             for draw in (_DRAWS if contents[0].shape[1] else ())]
    draws = [draw for draw in draws if len(draw.task.users)]
    if not draws:
        return NewItems({})

    def ranked(place: int, penalty: float) -> tuple[float, np.ndarray]:
        """Returns what is reached, and the weights, the means over the draws."""
        each = [draw.ranked(contents[0], contents[place], penalty, seed) for draw in draws]
        return (float(np.mean([figure for figure, _ in each])),
                np.mean([weights for _, weights in each], axis=0))

    reached = {(place, _PENALTY): ranked(place, _PENALTY) for place in range(len(contents))}
    place, _ = max(reached, key=lambda key: reached[key][0])
    reached |= {(place, penalty): ranked(place, penalty) for penalty in _OTHER_PENALTIES}
    best = max(reached, key=lambda key: reached[key][0])
    weights = zip([one.name for one in members], reached[best][1].tolist(), strict=True)
    return NewItems(dict(weights), content_penalty=best[1], content=best[0])


@dataclass(frozen=True)
class _Hidden:
    """Rankers that learned without some items, and the ranking of these.

    Attributes:
      task: The ranking.
      rankers: The rankers.
      queries: Each ranker's queries of the task's users, `(q, dim)`.
      counts: The events of each item that each ranker learned of, `(items,)`.
      warm: Which items have an event, `(items,)` bool.
    """

    task: RankingTask
    rankers: list[LinearRanker]
    queries: list[np.ndarray]
    counts: list[np.ndarray]
    warm: np.ndarray

    def ranked(self, content: np.ndarray, of_new: np.ndarray, penalty: float,
              seed: int) -> tuple[float, np.ndarray]:
        """Returns the best that weights reach, and these."""
        scores = [standardised(
            query @ ranker.with_new_items(of_new, count, penalty).with_content(content, of_new).T,
            self.warm) for ranker, query, count in zip(
                self.rankers, self.queries, self.counts, strict=True)]
        weights = fit_weights(scores, self.task, seed)
        return ranking_metrics(
            weighted_sum(weights, scores), self.task).metrics[_CHOSEN_BY], weights


def _hide(members: Sequence[Member], known: Events, hidden: np.ndarray,
          contents: Sequence[np.ndarray], horizon: float) -> _Hidden:
    """Fits rankers without some items, `(items,)` bool."""
    task, others = sampled(cold_task(known, hidden), len(members)), without(known, hidden)
    rankers = [one.fit(others, contents, horizon) for one in members] if len(task.users) else []
    queries = [ranker.queries(weighted_history(others, one.relevant_only, horizon)[task.users])
               for one, ranker in zip(members, rankers, strict=False)]
    return _Hidden(task, rankers, queries,
                   [others.item_counts(one.relevant_only) for one in members], others.warm)
