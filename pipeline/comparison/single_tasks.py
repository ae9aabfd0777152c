"""One model of several tasks against a model for each of them."""

from collections.abc import Mapping, Sequence
from typing import Any

_OF_TASKS = ("rmse", "auc", "accuracy")
_LESS_IS_BETTER = "rmse"
_SPENT = {"parameters": "parameters", "training_s": "training, s"}


def against_single_tasks(rows: Sequence[dict[str, Any]],
                         singles: Mapping[str, Mapping[str, str]]) -> str:
    """Returns a table in Markdown for each recipe whose single tasks have all run.

    Args:
      rows: The rows of `pipeline.comparison.figures.rows`.
      singles: By recipe and task, the name of the recipe with that task alone.
    """
    figures = {row["name"]: {key: one["mean"] for key, one in row["figures"].items()}
               for row in rows if row["kind"] == "recipe"}
    return "\n".join(
        _table(recipe, figures[recipe], {task: figures[name] for task, name in of_task.items()})
        for recipe, of_task in singles.items()
        if figures.get(recipe) and all(figures.get(name) for name in of_task.values()))


def _table(recipe: str, several: dict[str, float], single: dict[str, dict[str, float]]) -> str:
    lines = []
    for task, alone in single.items():
        for key in _measures(task, several, alone):
            better = several[key] - alone[key]
            better = -better if key.endswith(_LESS_IS_BETTER) else better
            lines.append((f"{task} {key.removeprefix(f'{task}_')}", f"{several[key]:.4f}",
                          f"{alone[key]:.4f}", f"{better:+.4f}"))
    for key, name in _SPENT.items():
        together = sum(alone.get(key, 0.0) for alone in single.values())
        if key in several and together:
            lines.append((name, f"{several[key]:,.0f}", f"{together:,.0f}",
                          f"{several[key] / together:.0%} of it"))
    heading = [(f"{recipe}, all tasks in one", "in one", "each alone", "better by"),
               ("---", "---:", "---:", "---:")]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (*heading, *lines))


def _measures(task: str, several: dict[str, float], alone: dict[str, float]) -> list[str]:
    """Returns the first measure of a task that both have; of one that is not judged, the NDCG."""
    of_task = [f"{task}_{end}" for end in _OF_TASKS]
    shared = [key for key in of_task if key in several and key in alone]
    return shared[:1] or [key for key in ("ndcg@10",) if key in several and key in alone]
