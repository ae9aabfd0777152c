"""The recipes of a comparison against its first one, user by user."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.verdict import Outcome
from pipeline.nodes import NodeRun, of_type
from trainer.evaluation.ranking import PRIMARY, paired_bootstrap


def of_users(nodes: Mapping[str, NodeRun]) -> dict[str, list[float]]:
    """Returns what the checks of a run measured of each user, by metric."""
    return {metric: values for uri in of_type(nodes, "tessera.Verdict")
            for metric, values in Outcome.load(str(uri)).of_users.items()}


def against_first(runs: Sequence[Mapping[str, Any]]) -> str:
    """Returns a table in Markdown of what each recipe's NDCG@10 is less than the first one's.

    A user counts with the mean over the seeds, for runs of one recipe are no independent ones.
    The difference has a paired bootstrap over the users.

    Args:
      runs: What ran, see `pipeline.comparison.figures.rows`, each with `of_users`.

    Returns:
      The table; empty where no other recipe ranks the first one's users for the same events.
    """
    ranked = [run for run in runs if PRIMARY in run.get("of_users", {})]
    if not ranked:
        return ""
    first, lines = ranked[0], []
    for name in dict.fromkeys(run["recipe"] for run in ranked):
        seeds = {run["seed"] for run in ranked if run["recipe"] == first["recipe"]} & {
            run["seed"] for run in ranked if run["recipe"] == name}
        own, other = (_mean(ranked, recipe, seeds) for recipe in (name, first["recipe"]))
        same = next(run for run in ranked if run["recipe"] == name)["relevant"] == first["relevant"]
        if name == first["recipe"] or own is None or other is None or not (
                same and len(own) == len(other)):
            continue
        paired = paired_bootstrap(own, other)
        lines.append((name, f"{paired.mean:+.4f}", f"{paired.low:+.4f} to {paired.high:+.4f}",
                      f"{paired.p_value:.3f}"))
    if not lines:
        return ""
    heading = [(f"NDCG@10 less {first['recipe']}'s", "mean", "95 % interval", "p"),
               ("---", "---:", "---:", "---:")]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (*heading, *lines))


def _mean(runs: Sequence[Mapping[str, Any]], recipe: str, seeds: set[int]) -> np.ndarray | None:
    """Returns NDCG@10 of each user, `(users,)`, the mean over some seeds, `None` without any."""
    values = [run["of_users"][PRIMARY] for run in runs
              if run["recipe"] == recipe and run["seed"] in seeds]
    return np.mean(values, axis=0) if values else None
