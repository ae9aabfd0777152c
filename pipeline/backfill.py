"""`tessera backfill`: runs the spans of some days one after another."""

import time
from collections.abc import Iterator

from rich.console import Console

from components.sources.spans import is_day, listing, span_names
from pipeline.config import RunConfig
from pipeline.console import say
from pipeline.process import forget_model
from pipeline.run import read_metrics, run
from schemas.errors import InputError, TesseraError


def backfill(config: RunConfig, first: str, last: str, console: Console) -> int:
    """Runs each span that has no blessed run, the oldest first, and stops where one fails.

    A span that was run before is left out, so that the same command goes on where it stopped. What
    a changed recipe, schema or configuration would make anew is run again.

    Args:
      config: What to run; of its spans `last` says how many each run reads.
      first: The first day.
      last: The last day.
      console: Where one line a span goes.

    Returns:
      The exit code: 0, or that of the run that was not blessed.

    Raises:
      InputError: The days are none, or no span is among them.
      TesseraError: A run failed.
    """
    names = _between(config, first, last)
    blessed = set(_done(config))
    for name in names:
        if name in blessed:
            say(console, f"{name}  was blessed before")
            continue
        started = time.monotonic()
        try:
            code = run(config.until(name), Console(quiet=True))
        except TesseraError as error:
            say(console, f"{name}  failed with {error.code}; the days after it were not run")
            raise
        metrics = read_metrics(config.root / "runs" / "latest")
        outcome = "blessed" if not code else (
            f"not blessed: {'; '.join(metrics['not_blessed_because'])}")
        say(console, f"{name}  {time.monotonic() - started:.0f} s  {outcome}")
        if code:
            return code
        forget_model()
    return 0


def _between(config: RunConfig, first: str, last: str) -> list[str]:
    for option, day in (("--from", first), ("--to", last)):
        if not is_day(day):
            raise InputError("backfill-day", f"{option} is {day!r}; give a day such as 2026-11-21.")
    there = span_names(config.data_dir)
    if names := [name for name in there if first <= name <= last]:
        return names
    raise InputError("backfill-without-spans",
                     f"Folder {config.data_dir} has no span from {first} to {last}. It has: "
                     f"{listing(there) or 'none'}.")


def _done(config: RunConfig) -> Iterator[str]:
    """Yields the spans that a blessed run of the same work had as its newest."""
    work = config.work(config.spec())
    for path in (config.root / "runs").glob("*/metrics.json"):
        metrics = read_metrics(path.parent)
        if metrics.get("blessed") and metrics.get("work") == work and "spans" in metrics:
            yield metrics["spans"]["until"]
