"""Small linear algebra on one thread.

A library of linear algebra splits each product over all cores. For matrices of a few hundred rows
the threads wait for one another longer than they work, and on a busy machine many times as long.
"""

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController

_SMALL = 1_000  # Rows from which more threads are worth their meetings.


@cache
def _controller() -> ThreadpoolController:
    """Finds the libraries that are loaded; slow enough to be done once."""
    return ThreadpoolController()


def one_thread(side: int = 0) -> AbstractContextManager:
    """Limits linear algebra inside a `with` to one thread.

    Args:
      side: Rows of the largest dense matrix; the threads are left as they are if it is large.
    """
    return _controller().limit(limits=1 if side < _SMALL else None, user_api="blas")


def threads() -> int:
    """Returns on how many threads large linear algebra works."""
    return max((pool["num_threads"] for pool in _controller().info()
                if pool["user_api"] == "blas"), default=1)
