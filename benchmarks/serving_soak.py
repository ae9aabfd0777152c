"""Whether a server's memory grows while it does nothing but serve."""

import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.load import clients
from benchmarks.serving_bench import CLIENTS, Bench, Server, running
from benchmarks.serving_requests import load_requests

_FEWEST = 5  # samples that make a line


@dataclass
class Memory:
    """A server's memory as time goes by.

    Attributes:
      seconds: When each sample was taken.
      levels: All memory of each sample, in MiB.
      own: What is no mapped file.
    """

    seconds: list[float] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)

    def growth(self) -> float:
        """Returns by how much a line through the last three quarters rises, of all of its time.

        Returns:
          A share of the level, such as 0.01; NaN of too few samples.
        """
        seconds = np.array(self.seconds)
        late = seconds >= seconds[0] + (seconds[-1] - seconds[0]) / 4 if len(seconds) else seconds
        if np.count_nonzero(late) < _FEWEST:
            return float("nan")
        slope = np.polyfit(seconds[late] - seconds[0], np.array(self.own)[late], 1)[0]
        return float(slope * (seconds[-1] - seconds[0]) / np.mean(np.array(self.levels)[late]))


def soak(bench: Bench) -> None:
    """Half an hour at half of the peak."""
    requests = load_requests(bench.root, bench.model, "recommend", 32)
    with running(bench.model) as server:
        rate = server.half_of_peak(requests, 10 * bench.scale + 2)
        soaked(bench, server, requests, 1800 * bench.scale, rate)


def soaked(bench: Bench, server: Server, requests: list[bytes], seconds: float,
           rate: float) -> None:
    """Records what a server does under a load.

    Args:
      bench: Where the figures go.
      server: The server.
      requests: What it is asked.
      seconds: For how long.
      rate: Requests a second.
    """
    with clients(server.port, requests, CLIENTS, seconds, rate) as end:
        memory = _watched(server, seconds)
        load = end()
    bench.least(f"soak of {seconds / 60:.1f} minutes: requests", len(load.codes),
                0.95 * seconds * rate, "requests")
    bench.most(f"soak: failed of {len(load.codes):,}", load.failed, 0, "requests")
    bench.most(f"soak: slope of memory, by {len(memory.seconds):,} samples", 100 * memory.growth(),
               1, "% of its level")


def _watched(server: Server, seconds: float) -> Memory:
    """Takes a sample each second, or a hundred where the time is short."""
    memory, begin, step = Memory(), time.monotonic(), min(1.0, seconds / 100)
    while (now := time.monotonic()) < begin + seconds:
        pss, own = server.pss_mib()
        memory.seconds.append(now)
        memory.levels.append(pss)
        memory.own.append(own)
        time.sleep(step)
    return memory
