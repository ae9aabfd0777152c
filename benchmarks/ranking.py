"""Memory and time of the ranking evaluation on a million users and a hundred thousand items.

    python -m benchmarks.ranking [--users 1000000] [--items 100000] [--sample 10000]

The events are made up. As in a run, a sample of the users is ranked, each among all items: the
product never holds a matrix of users by items. The bound is on the memory of the whole process.
"""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from pipeline.process import PeakMemory
from schemas.errors import TesseraError
from trainer.closed_form.events import Events
from trainer.closed_form.popularity import fit_popularity
from trainer.evaluation.ranking import paired_bootstrap, rank, ranking_task
from trainer.evaluation.ranking_lists import list_metrics

MOST_MIB = 4 * 1024.0
_PER_USER, _HELD_OUT = 10, 1  # events of a user, of which the last are test
_DIM = 64
_YEAR = 365 * 86_400


@dataclass(frozen=True)
class TwoTower:
    """A scorer such as a two-tower network: the inner product of two vectors.

    Attributes:
      users: `(n_users, dim)` float32.
      items: `(n_items, dim)` float32.
    """

    users: np.ndarray
    items: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float32."""
        return self.users[users] @ self.items.T


@dataclass
class Steps:
    """What was measured: seconds of the clock and of the processor by step."""

    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Times what is done inside."""
        start, cpu = time.monotonic(), time.process_time()
        yield
        self.seconds[name] = (time.monotonic() - start, time.process_time() - cpu)


def made_up(n_users: int, n_items: int, seed: int = 0) -> Events:
    """Returns ten events of each user, by time; few items have most of them."""
    random = np.random.default_rng(seed)
    users = np.repeat(np.arange(n_users, dtype=np.int32), _PER_USER)
    items = (n_items * random.random(len(users), np.float32) ** 3).astype(np.int32)
    times = np.sort(random.integers(0, _YEAR, (n_users, _PER_USER), np.int32), axis=1).ravel()
    return Events(users, np.minimum(items, n_items - 1), times,
                  random.random(len(users), np.float32) < 0.5, n_users, n_items)


def measure(n_users: int, n_items: int, sample: int) -> tuple[Steps, float, dict[str, float]]:
    """Ranks the whole catalogue for a sample of users, by a model and by popularity.

    Args:
      n_users: Number of users, all with events.
      n_items: Size of the catalogue.
      sample: How many users are drawn.

    Returns:
      The time of each step; the peak memory in MiB; the model's metrics.
    """
    steps = Steps()
    with PeakMemory() as memory:
        with steps.timed("events"):
            events = made_up(n_users, n_items)
            held_out = np.arange(len(events)) % _PER_USER >= _PER_USER - _HELD_OUT
            known = Events(events.users[~held_out], events.items[~held_out],
                           events.times[~held_out], events.relevant[~held_out], n_users, n_items)
        with steps.timed("task"):
            task = ranking_task(events.users, events.items, events.relevant, known=~held_out,
                                held_out=held_out, n_items=n_items).sample(sample)
        random = np.random.default_rng(1)
        model = TwoTower(*(random.standard_normal((size, _DIM), np.float32)
                           for size in (n_users, n_items)))
        with steps.timed("popularity"):
            floor = rank(fit_popularity(known, relevant_only=True), task)
        with steps.timed("model"):
            ranked = rank(model, task)
        with steps.timed("figures"):
            ranked.intervals()
            paired_bootstrap(ranked.ndcg, floor.ndcg)
            metrics = ranked.metrics | list_metrics(ranked.top, known.matrix(relevant_only=False))
    return steps, memory.megabytes, metrics


def main() -> None:
    """Measures, prints, and fails where the memory is above the bound."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranking")
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=10_000)
    given = parser.parse_args()
    steps, peak, metrics = measure(given.users, given.items, given.sample)
    print(f"{given.users:,} users, {given.items:,} items, {metrics['users']:,} users ranked, "
          f"{os.cpu_count()} processors")
    for name, (clock, cpu) in steps.seconds.items():
        print(f"{name:<12} {clock:8.1f} s {cpu:8.1f} CPU-s")
    print(f"{'peak':<12} {peak:8.0f} MiB, at most {MOST_MIB:.0f}: "
          f"{'PASS' if peak <= MOST_MIB else 'FAIL'}")
    if peak > MOST_MIB:
        raise SystemExit(TesseraError(
            "ranking-memory", f"The ranking evaluation took {peak:.0f} MiB, more than the "
            f"{MOST_MIB:.0f} it may take. See `_CELLS` in trainer/evaluation/ranking.py.").line)


if __name__ == "__main__":
    main()
