"""The same figures by groups: of users, of items, and of the rows of test."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from components.ranking_evaluator.groups import by_events, by_gap, large_enough
from components.ranking_evaluator.interactions import SPLITS, Interactions, Judged
from trainer.evaluation.ranking import RankingResult, RankingTask
from trainer.tasks import TaskKind, kind_of

_FEWEST = 10  # rows of a task's slice
_DRAWS = 200
_MEANS = ("ndcg@10", "recall@20", "hr@10", "mrr")

Slices = dict[str, dict[str, dict[str, Any]]]


def user_groups(interactions: Interactions) -> dict[str, np.ndarray]:
    """Returns the group of each user, `(n_users,)`, by what they are grouped by.

    `user_activity` is by events before test, so that "no event" are the cold users;
    `gap` is by the time since the last of them, where the data has times; the rest are columns of
    the users table.
    """
    known = interactions.splits < SPLITS.index("test")
    counts = np.bincount(interactions.users[known], minlength=interactions.n_users)
    groups = {"user_activity": by_events(counts)}
    if interactions.timed:
        groups["gap"] = by_gap(interactions.gaps(np.arange(interactions.n_users)))
    return groups | interactions.user_groups


def item_groups(interactions: Interactions) -> dict[str, np.ndarray]:
    """Returns the group of each item, `(n_items,)`, by what they are grouped by.

    `item_popularity` is by events before test, so that "no event" are the cold items.
    """
    known = interactions.splits < SPLITS.index("test")
    counts = np.bincount(interactions.items[known], minlength=len(interactions.catalogue))
    return {"item_popularity": by_events(counts)} | interactions.item_groups


def ranking_slices(interactions: Interactions, task: RankingTask, model: RankingResult,
                   baseline: RankingResult, fewest_users: int) -> Slices:
    """Splits the figures of a ranking by groups.

    Args:
      interactions: All events.
      task: Who was ranked.
      model: The model's ranking of the task.
      baseline: That of the best baseline.
      fewest_users: Fewest users of a group; see `groups.large_enough`.

    Returns:
      By what is grouped and by group: of users `users`, means of the model, `low` and `high` of its
      NDCG@10, and `baseline_ndcg@10`; of items `pairs`, the number of relevant items of all users
      in the group, and `recall@10` and `baseline_recall@10`, the share of them among the first ten.
    """
    slices: Slices = {}
    for name, groups in user_groups(interactions).items():
        of = large_enough(groups[task.users], task.users, fewest_users)
        slices[name] = {group: _of_users(rows, model, baseline) for group, rows in of.items()}
    users, items = task.relevant.nonzero()
    hits = {who: (result.top[users] == items[:, None]).any(axis=1)
            for who, result in (("", model), ("baseline_", baseline))}
    for name, groups in item_groups(interactions).items():
        slices[name] = {group: {"pairs": int(pairs.sum())} | {
            f"{who}recall@10": float(hit[pairs].mean()) for who, hit in hits.items()}
            for group, pairs in large_enough(groups[items], users, fewest_users).items()}
    return slices


def _of_users(rows: np.ndarray, model: RankingResult, baseline: RankingResult) -> dict[str, Any]:
    low, high = RankingResult({}, {"ndcg@10": model.ndcg[rows]}, model.top[:0]).intervals(
        _DRAWS)["ndcg@10"]
    means = {name: float(model.per_user[name][rows].mean()) for name in _MEANS}
    return {"users": int(rows.sum())} | means | {
        "low": low, "high": high, "baseline_ndcg@10": float(baseline.ndcg[rows].mean())}


def prediction_figures(predicted: dict[str, np.ndarray], interactions: Interactions,
                       tasks: Mapping[str, Judged], fewest_users: int) -> dict[str, Any]:
    """Measures what a model predicts of the rows of test, overall and by groups.

    Args:
      predicted: Predictions of each test row by task, `(rows,)` or `(rows, units)`.
      interactions: All events.
      tasks: What each task predicts.
      fewest_users: Fewest users of a group; see `groups.large_enough`.

    Returns:
      By task `rows`, that have the label, and what its kind measures; and `slices`, the same by
      group. Groups of fewer than ten rows and what rows do not suffice for are left out.
    """
    test = interactions.splits == SPLITS.index("test")
    sides = ((user_groups(interactions), interactions.users[test]),
             (item_groups(interactions), interactions.items[test]))
    groups = {name: of[index] for named, index in sides for name, of in named.items()}
    figures = {}
    for task, (head, label) in tasks.items():
        truth, kind = interactions.labels[label][test], kind_of(head)
        labelled = np.flatnonzero(np.isfinite(truth))
        if task not in predicted or not len(labelled):
            continue
        users = interactions.users[test][labelled]
        figures[task] = _measured(kind, truth, predicted[task], labelled) | {"slices": {
            name: {group: _measured(kind, truth, predicted[task], labelled[rows])
                   for group, rows in large_enough(of[labelled], users, fewest_users).items()
                   if rows.sum() >= _FEWEST}
            for name, of in groups.items()}}
    return figures


def _measured(kind: TaskKind, truth: np.ndarray, predicted: np.ndarray,
              rows: np.ndarray) -> dict[str, Any]:
    figures = kind.measured(truth[rows], predicted[rows])
    return {"rows": len(rows)} | {n: v for n, v in figures.items() if np.isfinite(v)}
