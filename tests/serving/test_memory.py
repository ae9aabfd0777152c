"""Memory that is free again, in a process of its own."""

import ctypes
import subprocess
import sys

import pytest

_SCRIPT = """
import numpy as np, psutil
from serving import memory
memory.return_large_blocks()
def mebibytes():
    return psutil.Process().memory_info().rss / 2**20
before = mebibytes()
np.ones(2**21)  # from now on glibc by itself would keep blocks of 16 MiB
large = [np.ones(2**20) for _ in range(20)]
del large[:-1]
after_large = mebibytes() - before
small = [bytes(2**16) for _ in range(2000)]
del small[:-1]
memory.return_free_blocks()
print(after_large, mebibytes() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not of glibc")
def test_free_blocks_go_back_to_the_system_though_a_later_one_is_in_use():
    given = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, check=True)
    after_large, after_small = map(float, given.stdout.split())
    assert after_large < 16  # of 160 MiB, one block of 8 is in use
    assert after_small < after_large + 16  # of 125 MiB
