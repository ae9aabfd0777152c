"""How far a long piece of work is: a line at most every ten seconds."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

log = logging.getLogger("tessera.progress")
_SECONDS = 10.0

T = TypeVar("T")


class Progress:
    """Counts what is done of a piece of work, and logs it now and then.

    Work that ends within ten seconds is never spoken of.

    Args:
      what: What is done and of what, such as `"iALS, rows solved"`.
      total: How many there are, `None` if that is not known.
      clock: Returns seconds.
    """

    def __init__(self, what: str, total: int | None = None,
                 clock: Callable[[], float] = time.monotonic):
        self._what, self._total, self._clock = what, total, clock
        self._done, self._spoke = 0, clock()

    def add(self, number: int = 1) -> None:
        """Notes that so many more are done."""
        self._done += number
        now = self._clock()
        if now - self._spoke >= _SECONDS:
            self._spoke = now
            of = "" if self._total is None else f" of {self._total:,}"
            log.info("%s: %s%s", self._what, f"{self._done:,}", of)

    def over(self, things: Iterable[T]) -> Iterator[T]:
        """Yields things, each of which is done when the next one is asked for."""
        for thing in things:
            yield thing
            self.add()


class StandardError(logging.StreamHandler):
    """Writes to what standard error is when a line comes, such as a terminal that shows a bar."""

    def emit(self, record):
        """Writes a line."""
        self.stream = sys.stderr
        super().emit(record)


def show() -> None:
    """Shows the lines of all work on standard error."""
    log.setLevel(logging.INFO)
    if not log.handlers:
        log.addHandler(StandardError())
        log.propagate = False
