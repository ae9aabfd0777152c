"""The most memory that this process takes for something; Linux alone can say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@contextmanager
def growth_below(limit: int) -> Iterator[None]:
    """Asserts that the block's peak is less than so many bytes above what was taken before it."""
    if _RESET.exists():
        _RESET.write_text("5")  # the peak begins anew
    before = psutil.Process().memory_info().rss
    yield
    if _RESET.exists():
        (peak,) = [int(line.split()[1]) << 10 for line in _STATUS.read_text().splitlines()
                   if line.startswith("VmHWM")]
        assert peak - before < limit, f"{(peak - before) >> 20} MiB"
