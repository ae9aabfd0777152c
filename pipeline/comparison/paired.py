"""The recipes of a comparison against its first one, user by user."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.verdict import Outcome
from pipeline.comparison.table import markdown_lines
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
    of_recipes: dict[str, dict[int, list[float]]] = {}
    for run in ranked:
        values = run["of_users"][PRIMARY]
        if run["relevant"] == first["relevant"] and len(values) == len(first["of_users"][PRIMARY]):
            of_recipes.setdefault(run["recipe"], {})[run["seed"]] = values
    others = of_recipes.pop(first["recipe"])
    for name, own in of_recipes.items():
        if not (seeds := own.keys() & others.keys()):
            continue
        paired = paired_bootstrap(*(np.mean([one[seed] for seed in seeds], axis=0)
                                    for one in (own, others)))
        lines.append((name, f"{paired.mean:+.4f}", f"{paired.low:+.4f} to {paired.high:+.4f}",
                      f"{paired.p_value:.3f}"))
    heading = [(f"NDCG@10 less {first['recipe']}'s", "mean", "95 % interval", "p"),
               ("---", "---:", "---:", "---:")]
    return markdown_lines([*heading, *lines]) if lines else ""
