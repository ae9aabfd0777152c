"""Ranking of items that nobody has met yet: what a model knows of them is their content alone."""

from typing import Any

import numpy as np
from scipy import sparse

from components.ranking_evaluator.interactions import SPLITS, Interactions
from trainer.evaluation.ranking import RankingTask, Scorer, rank
from trainer.evaluation.ranking_lists import random_order

_SHORT = 10


def unseen_task(interactions: Interactions) -> RankingTask:
    """Builds the task of ranking the items without an event in train and validation.

    Args:
      interactions: All events.

    Returns:
      The task, over the users with a relevant test event of such an item; nobody has met one, so
      that all of them are everybody's candidates.
    """
    test = interactions.splits == SPLITS.index("test")
    candidates = np.ones(len(interactions.catalogue), bool)
    candidates[interactions.items[~test]] = False
    wanted = test & interactions.relevant & candidates[interactions.items]
    shape = (interactions.n_users, len(candidates))
    pairs = (interactions.users[wanted], interactions.items[wanted])
    target = sparse.csr_matrix((np.ones(int(wanted.sum()), bool), pairs), shape=shape)
    users = np.flatnonzero(np.diff(target.indptr))
    nothing = sparse.csr_matrix((len(users), len(candidates)), dtype=bool)
    return RankingTask(users, candidates, nothing, target[users])


def unseen_figures(scorer: Scorer, task: RankingTask) -> dict[str, Any]:
    """Scores a ranking of unseen items.

    Args:
      scorer: What gives the scores of users of the task.
      task: A task of `unseen_task`.

    Returns:
      `candidates`, their number; `model`, the metrics of `trainer.evaluation.ranking.rank`, with
      `ndcg@10_se`, the standard error over users (`None` where they
      do not differ); `random`, what guessing
      reaches on average. Or `skipped`, the reason, where there is nothing to rank.
    """
    candidates = int(task.candidates.sum())
    if not len(task.users):
        reason = (f"none of the {candidates} items without an event in train and validation has a "
                  "relevant event in test" if candidates else
                  "every item has an event in train or validation")
        return {"candidates": candidates, "skipped": f"No unseen item to rank: {reason}."}
    result = rank(scorer, task)
    # Users who all reach the same, such as one who is alone, do not tell how far off the mean is.
    error = (result.ndcg.std(ddof=1) / np.sqrt(len(result.ndcg))
             if np.ptp(result.ndcg) > 0 else None)
    return {
        "candidates": candidates,
        "model": result.metrics | {
            f"ndcg@{_SHORT}_se": None if error is None else float(error),
        },
        "random": random_order(task),
    }
