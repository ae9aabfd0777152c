"""How long a comparison will take, and what that is known from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean

from components.sources.base import Source
from pipeline.comparison.cost import MODEL_STEPS, computed, earlier_runs
from pipeline.config import RunConfig

# Seconds on two cores, at 12,000 and at 100,000 rows; see docs/results.md.
_MODEL_FIXED, _MODEL_PER_ROW = 37.0, 0.0031
_DATA_FIXED, _DATA_PER_ROW = 50.0, 0.0007
_MOST_ROWS = 1_000_000
_ROUGH = ("  Rough, for no run here tells more yet: on the demo shop (12,000 rows) and 2 cores, "
          "recipes took 6 to 188 s, 75 s on average.")


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
    for metrics in earlier_runs(root):
        if metrics.get("dataset") != dataset:
            continue
        for step, seconds in metrics.get("timings", {}).items():
            if not computed(metrics, step):
                continue
            if step in MODEL_STEPS:
                model.setdefault(metrics["recipe"], {})[step] = seconds
            else:
                data[step] = seconds
    return Past(sum(data.values()) or None,
                {recipe: sum(steps.values()) for recipe, steps in model.items()
                 if "Trainer" in steps})


def estimate(configs: Sequence[RunConfig], finished: Sequence[tuple[str, int]],
             source: Source) -> list[str]:
    """Tells how long a comparison will take.

    Args:
      configs: What is to run.
      finished: Recipe and seed of what an earlier comparison finished; they come from the cache.
      source: The data; its rows are counted where no run tells anything.

    Returns:
      The sum, then a line for each recipe.
    """
    known = past(configs[0].root, configs[0].dataset_name)
    open_ = [c for c in configs if (c.recipe_name, c.seed) not in finished]
    rows = 0
    if known.data is None or not known.model:
        rows = _count(source)
    lines, total = [], 0.0
    for name in dict.fromkeys(config.recipe_name for config in configs):
        runs = sum(config.recipe_name == name for config in open_)
        if name in known.model:
            seconds, why = known.model[name], "as in its last run"
        elif known.model:
            seconds, why = mean(known.model.values()), "the mean of the recipes that have run"
        else:
            seconds = _MODEL_FIXED + _MODEL_PER_ROW * rows
            why = f"from {rows:,} rows"
        total += runs * seconds
        lines.append(f"  {name:<32} {runs} × {seconds:5.0f} s, {why}")
    if open_ and not known.model:
        lines.append(_ROUGH)
    if open_:
        data = _DATA_FIXED + _DATA_PER_ROW * rows if known.data is None else known.data
        total += data
        why = "from the rows" if known.data is None else "as in earlier runs"
        lines.append(f"  {'data steps, shared':<32} {data:.0f} s, {why}; in part again for each "
                     "other preprocessing")
    kept = len(configs) - len(open_)
    behind = f"; {kept} finished before and cost seconds unless something changed" if kept else ""
    return [f"Estimate: {duration(total)} for {len(open_)} of {len(configs)} runs{behind}", *lines]


def duration(seconds: float) -> str:
    """Says a time in words, such as `12 min 30 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _count(source: Source) -> int:
    """Counts the events; so many that counting takes long count as the most that are counted."""
    records = (record for shard in source.shards("interactions")
               for record in source.records("interactions", shard))
    return sum(1 for _ in islice(records, _MOST_ROWS))
