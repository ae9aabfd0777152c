"""Time and memory on real data, held against the project's limits.

    python -m benchmarks.bench --data-dir DIR
    python -m benchmarks.bench --ingest

MovieLens-100K runs from nothing and once more unchanged, each as a process of its own, as a user
would run it. Then the demo shop, in three sizes, shows what the time of Transform depends on.
`--ingest` needs no data: it measures ingest alone, on made-up tables of up to ten million rows.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.ingest import (
    MOST_EXPONENT,
    MOST_MIB,
    SIZES,
    Ingested,
    exponent,
    ingest_table,
    measure,
)
from benchmarks.nodes import run_until
from pipeline.console import open_console
from schemas import SIDES
from schemas.errors import InputError, TesseraError

MOST_SECONDS, MOST_SECONDS_AGAIN, MOST_RUN_MIB = 600.0, 60.0, 6 * 1024.0
_TIMEOUT_S = 3 * MOST_SECONDS
_NOT_BLESSED = 4
# Looks at the metadata store anew in each run; it has no outputs that could be cached.
_RESOLVERS = ("baseline_model", "past_data")
# Items and interactions: a shop, one with more of the latter, one with more of the former.
_SHOPS = ((400, 12_000), (400, 48_000), (800, 12_000))


@dataclass(frozen=True)
class Measured:
    """One run of the command line.

    Attributes:
      seconds: From the start of the process to its end.
      process_mib: Peak memory of the largest process so far, as the operating system has it.
      metrics: The run's `metrics.json`.
    """

    seconds: float
    process_mib: float
    metrics: dict[str, Any]

    @property
    def peak_mib(self) -> float:
        """The larger of the run's own sample of all its processes and the system's figure."""
        return max(float(self.metrics["peak_rss_mb"]), self.process_mib)


@dataclass(frozen=True)
class Limit:
    """A limit and what was measured."""

    what: str
    measured: str
    allowed: str
    holds: bool


def run_once(data_dir: Path, root: Path) -> Measured:
    """Runs MovieLens-100K through the command line.

    Args:
      data_dir: The dataset's folder.
      root: Where results go; empty for a run from nothing.

    Returns:
      What it took; a run that is not blessed counts, too.

    Raises:
      TesseraError: The run failed or took three times the allowed time.
    """
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "run",
               "--dataset", "movielens-100k", "--data-dir", str(data_dir), "--root", str(root)]
    started = time.monotonic()
    try:
        code = subprocess.run(command, timeout=_TIMEOUT_S, check=False).returncode
    except subprocess.TimeoutExpired as error:
        raise TesseraError("bench-run-too-long",
                           f"The run took more than {_TIMEOUT_S:.0f} s and was stopped.") from error
    seconds = time.monotonic() - started
    if code not in (0, _NOT_BLESSED):
        raise TesseraError("bench-run-failed",
                           f"The run ended with exit code {code}; its message is above.")
    from pipeline.run import read_metrics

    largest_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # bytes on macOS
    return Measured(seconds, largest_kib / 1024, read_metrics(root / "runs" / "latest"))


def judge(first: Measured, again: Measured) -> list[Limit]:
    """Holds two runs against the limits.

    Args:
      first: A run from nothing.
      again: The unchanged run after it.

    Returns:
      One entry for each limit.
    """
    ran = [name for name, cached in again.metrics["cached"].items()
           if not cached and name not in _RESOLVERS]
    peak = first.peak_mib
    return [
        Limit("run from nothing", f"{first.seconds:.0f} s", f"{MOST_SECONDS:.0f} s",
              first.seconds <= MOST_SECONDS),
        Limit("its peak memory", f"{peak:.0f} MiB", f"{MOST_RUN_MIB:.0f} MiB",
              peak <= MOST_RUN_MIB),
        Limit("unchanged run again", f"{again.seconds:.0f} s", f"{MOST_SECONDS_AGAIN:.0f} s",
              again.seconds <= MOST_SECONDS_AGAIN),
        Limit("components that ran again", ", ".join(ran) or "none", "none", not ran),
    ]


def judge_ingest(runs: list[Ingested]) -> list[Limit]:
    """Holds runs of ingest against the limits.

    Args:
      runs: The runs, from few rows to many.

    Returns:
      One entry for each limit; the growth of time needs two runs.
    """
    peak = max(run.peak_mib for run in runs)
    limits = [Limit(f"peak memory of ingest, {runs[-1].rows:,} rows", f"{peak:.0f} MiB",
                    f"{MOST_MIB:.0f} MiB", peak <= MOST_MIB)]
    if len(runs) > 1:
        power = exponent(runs)
        limits.append(Limit("its CPU time grows with rows to the power", f"{power:.2f}",
                            f"{MOST_EXPONENT:.2f}", power <= MOST_EXPONENT))
    return limits


def run_table(first: Measured, again: Measured) -> Table:
    """Returns a table of each component's seconds in both runs."""
    table = Table(title="Seconds by component")
    table.add_column("component")
    table.add_column("from nothing", justify="right")
    table.add_column("again", justify="right")
    for name, seconds in first.metrics["timings"].items():
        table.add_row(name, f"{seconds:.1f}", f"{again.metrics['timings'].get(name, 0.0):.1f}")
    table.add_section()
    table.add_row("whole process", f"{first.seconds:.1f}", f"{again.seconds:.1f}")
    return table


def limit_table(limits: list[Limit]) -> Table:
    """Returns a table of limits with a word whether each holds."""
    table = Table("limit", "measured", "allowed", "holds", title="Limits")
    for limit in limits:
        table.add_row(limit.what, limit.measured, limit.allowed, "yes" if limit.holds else "NO")
    return table


def transform_seconds(items: int, events: int, root: Path) -> dict[str, float]:
    """Runs the pipeline on a demo shop as far as Transform.

    Args:
      items: Number of products.
      events: Number of interactions.
      root: An empty folder for data and artifacts.

    Returns:
      Seconds of each node, by its id.
    """
    from components.sources.demo import DemoSizes, write_demo
    from pipeline.config import load_config

    write_demo(root / "data", DemoSizes(items=items, events=events))
    took = run_until(load_config(None, dataset="demo", data_dir=root / "data", root=root),
                     {f"Transform.{side}" for side in SIDES})
    return {node: one.seconds for node, one in took.items()}


def transform_table(root: Path) -> Table:
    """Returns a table of Transform's seconds by the shop's size."""
    table = Table(title="Transform: items grow with items, not with interactions")
    for column in ("items", "interactions", "Transform.items, s", "Transform.interactions, s"):
        table.add_column(column, justify="right")
    for items, events in _SHOPS:
        seconds = transform_seconds(items, events, root / f"shop-{items}-{events}")
        table.add_row(f"{items:,}", f"{events:,}", f"{seconds['Transform.items']:.1f}",
                      f"{seconds['Transform.interactions']:.1f}")
    return table


def bench_ingest(console: Console, sizes: list[int]) -> list[Limit]:
    """Measures ingest in each size and prints; returns the limits."""
    runs = [measure(rows) for rows in sorted(sizes)]
    limits = judge_ingest(runs)
    console.print(ingest_table(runs), limit_table(limits))
    return limits


def bench_pipeline(console: Console, data_dir: Path) -> list[Limit]:
    """Measures whole runs and Transform and prints; returns the limits."""
    if not data_dir.is_dir():
        raise InputError("bench-no-data-folder",
                         f"Folder {data_dir} is missing. Give the one of MovieLens-100K.")
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as scratch:
        root = Path(scratch)
        first, again = run_once(data_dir, root / "runs"), run_once(data_dir, root / "runs")
        limits = judge(first, again)
        console.print(run_table(first, again), limit_table(limits))
        console.print(transform_table(root))
    return limits


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; returns 0 where all limits hold, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--data-dir", type=Path, help="whole runs, on this folder of MovieLens-100K")
    what.add_argument("--ingest", action="store_true", help="ingest of made-up tables")
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES), metavar="N",
                        help="interactions to ingest (default: %(default)s)")
    given = parser.parse_args(arguments)
    console = open_console()
    try:
        if given.ingest:
            limits = bench_ingest(console, given.rows)
        else:
            limits = bench_pipeline(console, given.data_dir.absolute())
    except TesseraError as error:
        print(f"bench: {error.line}", file=sys.stderr)
        return error.exit_code
    return 0 if all(limit.holds for limit in limits) else 1


if __name__ == "__main__":
    sys.exit(main())
