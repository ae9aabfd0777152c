"""The log of all rooms: which lines are shown, and how far a long piece of work is."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

VARIABLE = "TESSERA_LOG"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING,
           "error": logging.ERROR}
_root = logging.getLogger("tessera")
log = logging.getLogger("tessera.progress")
_SECONDS = 10.0

T = TypeVar("T")


class StandardError(logging.StreamHandler):
    """Writes to what standard error is when a line comes, such as a terminal that shows a bar."""

    def emit(self, record):
        """Writes a line."""
        self.stream = sys.stderr
        super().emit(record)


def show() -> None:
    """Shows lines on standard error, from the level on that `TESSERA_LOG` names, else `info`."""
    name = os.environ.get(VARIABLE, "info").lower()
    _root.setLevel(_LEVELS.get(name, logging.INFO))
    if not _root.handlers:
        _root.addHandler(StandardError())
        _root.propagate = False
        if name not in _LEVELS:
            _root.warning("%s is %r and must be one of %s; 'info' is taken.", VARIABLE, name,
                          ", ".join(_LEVELS))
    _root.handlers[0].setFormatter(logging.Formatter(form()))


def level() -> int:
    """Returns the level from which on lines are shown."""
    return _root.level


def form() -> str:
    """Returns how a line is written: where everything is shown, with its time and its room."""
    return "%(asctime)s %(name)s: %(message)s" if verbose() else "%(message)s"


def verbose() -> bool:
    """Returns whether everything is shown, that of dependencies too."""
    return level() == logging.DEBUG


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


class Heartbeat(logging.Handler):
    """Logs that work goes on, where no other line has come for a while; it is entered.

    Args:
      what: What works, such as a step's name.
      seconds: The longest silence.
      clock: Returns seconds.
      wait: Waits for so many seconds at most; returns whether the work has ended.
    """

    def __init__(self, what: str, seconds: float = _SECONDS,
                 clock: Callable[[], float] = time.monotonic,
                 wait: Callable[[float], bool] | None = None):
        super().__init__()
        self._ended = threading.Event()
        self._what, self._seconds = what, seconds
        self._clock, self._wait = clock, wait or self._ended.wait
        self._began = self._heard = clock()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Heartbeat":
        _root.addHandler(self)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        _root.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Notes that a line has come."""
        self._heard = self._clock()

    def _beat(self) -> None:
        while not self._wait(self._heard + self._seconds - self._clock()):
            now = self._clock()
            if now - self._heard >= self._seconds:
                self._heard = now
                log.info("%s is running, %.0f s so far", self._what, now - self._began)
