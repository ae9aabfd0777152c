"""The figures of a comparison: one row a recipe, means over its seeds, and the baselines."""

import math
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from components.task_metrics import metric_facts

_RANKING = ("ndcg@10", "recall@20", "hr@10", "mrr", "coverage@10")
UNSEEN = {"unseen_ndcg@10": "ndcg@10", "unseen_recall@50": "recall@50"}


def of_run(metrics: dict[str, Any]) -> dict[str, float]:
    """Picks what a comparison shows out of a run's `metrics.json`; what is not there is left out.

    Args:
      metrics: The content of `metrics.json`.

    Returns:
      Figures by key; a task's are called `<task>_<metric>`.
    """
    figures = _of_ranking(metrics.get("ranking", {}), metrics.get("unseen", {}).get("model", {}))
    for task, values in metrics.get("tasks", {}).items():
        figures |= {f"{task}_{name}": value for name, value in values.items()
                    if not isinstance(value, dict)}  # of each label apart
    training, serving = metrics.get("training", {}), metrics.get("serving", {})
    figures |= {
        "parameters": metrics.get("parameters"), "epochs": training.get("epochs"),
        "training_s": training.get("seconds"), "p50_ms": serving.get("p50_ms"),
        "p99_ms": serving.get("p99_ms"),
    }
    return _known(figures)


def shown(metrics: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the task and the facts of each figure of a task that tables show, by the figure."""
    return {f"{task}_{key}": {"task": task, **facts}
            for task, of in metric_facts(metrics).items() for key, facts in of.items()
            if facts.get("shown")}


def _of_ranking(ranking: dict[str, Any], unseen: dict[str, Any]) -> dict[str, Any]:
    return {name: ranking.get(name) for name in _RANKING} | {
        name: unseen.get(key) for name, key in UNSEEN.items()}


def _known(figures: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items()
            if value is not None and math.isfinite(value)}


def rows(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Makes the table's rows.

    Args:
      runs: What ran so far: `recipe`, `seed`, `relevant` (the label that made an event relevant,
        or `None`), `failed` (a sentence or `None`) and, where it did not, `metrics` and `cost`,
        see `pipeline.comparison.cost`.

    Returns:
      A row each recipe, then each baseline: `name`, `kind`, `relevant`, `seeds`, `figures` by key
      (`mean` and, with two seeds or more, `se`), what is `shown` of tasks, `blessed` runs, and
      `reasons`, why not. Recipes with another notion of relevance have baselines of their own: they
      rank other events.
    """
    table: list[dict[str, Any]] = []
    for recipe in dict.fromkeys(run["recipe"] for run in runs):
        mine = [run for run in runs if run["recipe"] == recipe]
        whole = [run for run in mine if run["failed"] is None]
        ended = [run["metrics"] for run in whole]
        reasons = [r for metrics in ended for r in metrics["not_blessed_because"]]
        reasons += [run["failed"] for run in mine if run["failed"] is not None]
        table.append({
            "name": recipe, "kind": "recipe", "relevant": mine[0]["relevant"],
            "seeds": len(mine), "failed": len(mine) - len(ended),
            "figures": _over_seeds([of_run(run["metrics"]) | run["cost"] for run in whole]),
            "shown": {key: of for metrics in ended for key, of in shown(metrics).items()},
            "blessed": sum(metrics["blessed"] for metrics in ended),
            "reasons": list(dict.fromkeys(reasons)),
        })
    for relevant in dict.fromkeys(run["relevant"] for run in runs):
        table += _baselines([run["metrics"] for run in runs
                             if run["relevant"] == relevant and run["failed"] is None], relevant)
    return table


def _baselines(ended: list[dict[str, Any]], relevant: str | None) -> list[dict[str, Any]]:
    """Returns the rows of the baselines; on the same data and events they are always the same."""
    fitted: dict[str, Any] = next((m["baselines"] for m in ended if m.get("baselines")), {})
    unseen: dict[str, Any] = next(
        (m["unseen"] for m in ended if m.get("unseen", {}).get("random")), {})
    rankers = []
    for name, figures in fitted.items():
        reasons = [figures["skipped"]] if "skipped" in figures else []
        rankers.append((name, _of_ranking(figures, {}), reasons))
    if unseen:
        rankers.append(("random", _of_ranking({}, unseen["random"]), []))
    return [{
        "name": name, "kind": "baseline", "relevant": relevant, "seeds": 1, "failed": 0,
        "figures": _over_seeds([_known(figures)]),
        "shown": {}, "blessed": 0, "reasons": reasons,
    } for name, figures, reasons in rankers]


def _over_seeds(runs: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Returns mean and standard error of each figure over the runs that have it."""
    summary = {}
    for key in dict.fromkeys(key for figures in runs for key in figures):
        values = [figures[key] for figures in runs if key in figures]
        summary[key] = {"mean": mean(values)}
        if len(values) > 1:
            summary[key]["se"] = stdev(values) / math.sqrt(len(values))
    return summary
