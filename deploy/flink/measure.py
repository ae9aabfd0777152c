"""Time and memory of the data steps on made-up events, on each engine, with equal results.

    python -m deploy.flink.measure --jars .cache/flink/lib
"""

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.ingest import SCHEMAS, write_tables
from deploy.flink.cluster import BEAM, standalone
from deploy.flink.equal import compare
from deploy.flink.run import PROCESSES, Run, cpu_seconds, demand, main
from pipeline.process import PeakMemory
from schemas import SIDES

SIZES = (20_000, 1_000_000)
ENGINES: Mapping[str, Mapping[str, Any]] = {
    "direct": {}, "processes": PROCESSES, "flink": BEAM}
_STEPS = ("CatalogGen", *(f"{kind}.{side}" for kind in ("StatisticsGen", "Transform")
                          for side in SIDES))
_RECIPE = {"description": "Nothing is trained.", "modalities": "all",
           "tasks": {"retrieval": {"head": "retrieval"},
                     "rating": {"head": "regression", "label": "rating"}}}
_SECONDS = 3600


@dataclass(frozen=True)
class Measured:
    """The data steps of one size on one engine.

    Attributes:
      seconds: By step.
      cpu_seconds: Of all processes together, those of a cluster too.
      peak_mib: Memory of all processes together, those of a cluster too.
    """

    seconds: Mapping[str, float]
    cpu_seconds: float
    peak_mib: float


def measure(jars: Path, folder: Path, rows: int, engine: str) -> Measured:
    """Runs the data steps.

    Args:
      jars: The folder of the jars.
      folder: Where data and results go; the tables are made if they are not there.
      rows: Number of events.
      engine: The engine, one of `ENGINES`.
    """
    data = folder / f"{rows}-rows"
    if not data.exists():
        write_tables(data, rows)
        for side, schema in zip(SIDES, SCHEMAS, strict=True):
            (data / f"{side}.pbtxt").write_text(schema, encoding="utf-8")
        (data / "recipe.yaml").write_text(yaml.safe_dump(_RECIPE), encoding="utf-8")
    name, beam = f"{rows}-{engine}", ENGINES[engine]
    cluster = standalone(jars, folder / f"{name}-cluster") if beam is BEAM else \
        contextlib.nullcontext()
    with cluster, PeakMemory() as memory:
        before = cpu_seconds()
        run = Run(folder, name, dataset="parquet", data_dir=str(data), schemas=str(data),
                  recipe=str(data / "recipe.yaml"), root=str(folder / name), beam=dict(beam),
                  source={side: {"files": f"{side}/*.parquet"} for side in SIDES})
        run.until_ran(*_STEPS, seconds=_SECONDS)
        used = cpu_seconds() - before
    return Measured(run.seconds(), used, memory.megabytes)


def table(measured: Mapping[tuple[int, str], Measured]) -> list[str]:
    """Returns lines of a Markdown table, a column for each size and engine."""
    lines = ["| | " + " | ".join(f"{rows:,}, {engine}" for rows, engine in measured) + " |",
             "|---" * (len(measured) + 1) + "|"]
    lines += [f"| `{step}` | " + " | ".join(
        f"{one.seconds[step]:.1f}" for one in measured.values()) + " |" for step in _STEPS]
    for what, figures in (
            ("all of these", [sum(one.seconds[step] for step in _STEPS)
                              for one in measured.values()]),
            ("CPU seconds", [one.cpu_seconds for one in measured.values()]),
            ("peak MiB", [one.peak_mib for one in measured.values()])):
        lines.append(f"| {what} | " + " | ".join(f"{figure:.0f}" for figure in figures) + " |")
    return lines


def play(jars: Path, folder: Path) -> None:
    """Measures all sizes on all engines, and prints the table.

    Raises:
      Failed: The results of two engines differ.
    """
    measured = {}
    for rows in SIZES:
        for engine in ENGINES:
            measured[rows, engine] = measure(jars, folder, rows, engine)
            differences = [row for row in compare(folder / f"{rows}-direct",
                                                  folder / f"{rows}-{engine}") if not row[-1]]
            demand(not differences, f"{engine} differs: {differences}")
    print("\n".join(table(measured)))


if __name__ == "__main__":
    sys.exit(main("deploy.flink.measure", play))
