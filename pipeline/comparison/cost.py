"""What a run cost where it was computed: a run from the cache has neither time nor memory."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

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
    """Tells whether a run computed a step, rather than taking it from the cache."""
    return step in metrics.get("timings", {}) and not metrics["cached"].get(step)


def earlier_runs(root: Path) -> Iterable[dict[str, Any]]:
    """Reads the `metrics.json` of the runs under a root, from the oldest to the newest."""
    for path in sorted((root / "runs").glob("[0-9]*/metrics.json")):
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
