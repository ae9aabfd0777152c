"""What runs cost where they were computed, and what a comparison will cost."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from pipeline.config import RunConfig
from pipeline.nodes import DATA, TRAINING

_SAME = ("dataset", "split", "recipe", "seed", "training")  # the last one: of the same fit


def cost(metrics: dict[str, Any], earlier: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Returns what training and evaluating a run's model took.

    Args:
      metrics: The run's `metrics.json`.
      earlier: Those of the runs under the same root, from the oldest to the newest.

    Returns:
      `run_s`, the seconds of its steps from training on, and `peak_rss_mb`, in MiB, of the run
      that trained; what no run under the root has is left out. A step that came from the cache
      counts with the newest run that computed it.
    """
    same = [one for one in (metrics, *reversed(earlier))
            if all(one.get(key) == metrics.get(key) for key in _SAME)]
    stages = metrics.get("stages", {})
    steps = [step for step, stage in stages.items() if stage != DATA]
    training = [step for step, stage in stages.items() if stage == TRAINING]
    taken = {step: one["timings"][step] for step in steps
             for one in reversed(same) if computed(one, step)}
    cost: dict[str, float] = {}
    if training and len(taken) == len(steps):
        cost["run_s"] = round(sum(taken.values()), 2)
    trained: dict[str, Any] = next(
        (one for one in same if any(computed(one, step) for step in training)), {})
    if "peak_rss_mb" in trained:
        cost["peak_rss_mb"] = trained["peak_rss_mb"]
    return cost


def computed(metrics: dict[str, Any], step: str) -> bool:
    """Returns whether a run computed a step, rather than taking it from the cache."""
    return step in metrics.get("timings", {}) and not metrics["cached"].get(step)


def earlier_runs(root: Path) -> Iterable[dict[str, Any]]:
    """Reads the `metrics.json` of the runs under a root, from the oldest to the newest."""
    for path in sorted((root / "runs").glob("[0-9]*/metrics.json")):
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue


@dataclass(frozen=True)
class Past:
    """What earlier runs on a dataset took where nothing came from the cache.

    Attributes:
      data: Seconds of the steps before training; `None` where they never ran.
      model: Seconds of the steps from training on, by recipe.
    """

    data: float | None
    model: dict[str, float]


def past(root: Path, dataset: str) -> Past:
    """Reads what earlier runs took; a step counts with the newest run that computed it."""
    data: dict[str, float] = {}
    model: dict[str, dict[str, float]] = {}
    trained: set[str] = set()
    for metrics in earlier_runs(root):
        if metrics.get("dataset") != dataset:
            continue
        for step, stage in metrics.get("stages", {}).items():
            seconds = metrics["timings"][step]
            if not computed(metrics, step):
                continue
            if stage == DATA:
                data[step] = seconds
            else:
                model.setdefault(metrics["recipe"], {})[step] = seconds
                if stage == TRAINING:
                    trained.add(metrics["recipe"])
    return Past(sum(data.values()) or None,
                {recipe: sum(steps.values()) for recipe, steps in model.items()
                 if recipe in trained})


def estimate(configs: Sequence[RunConfig], finished: Sequence[tuple[str, int]]) -> list[str]:
    """Estimates how long a comparison will take, from what earlier runs under its root took.

    Args:
      configs: What is to run.
      finished: Recipe and seed of what an earlier comparison finished; they come from the cache.

    Returns:
      The sum, then a line for each recipe; a sentence where no run has trained on the dataset yet.
    """
    known = past(configs[0].root, configs[0].dataset_name)
    open_ = [c for c in configs if (c.recipe_name, c.seed) not in finished]
    kept = len(configs) - len(open_)
    behind = f"; {kept} finished before and cost seconds unless something changed" if kept else ""
    count = f"{len(open_)} of {len(configs)} runs{behind}"
    if open_ and (known.data is None or not known.model):
        return [f"Estimate: none for {count}. No run under {configs[0].root} has trained on "
                f"{configs[0].dataset_name} yet; after the first one, a comparison that is stopped "
                "and started again has one."]
    lines, total = [], 0.0
    for name in dict.fromkeys(config.recipe_name for config in configs):
        runs = sum(config.recipe_name == name for config in open_)
        if name in known.model:
            seconds, why = known.model[name], "as in its last run"
        elif not runs:
            seconds, why = 0.0, "finished before"
        else:
            seconds, why = mean(known.model.values()), "the mean of the recipes that have run"
        total += runs * seconds
        lines.append(f"  {name:<32} {runs} × {seconds:5.0f} s, {why}")
    if open_ and known.data is not None:
        total += known.data
        lines.append(f"  {'data steps, shared':<32} {known.data:.0f} s, as in earlier runs; in "
                     "part again for each other preprocessing")
    return [f"Estimate: {duration(total)} for {count}", *lines]


def duration(seconds: float) -> str:
    """Returns a time in words, such as `12 min 30 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
