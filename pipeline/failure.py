"""What is said of a failure, the error that ends the command, here and in a step on a cluster."""

import signal
import sys
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pipeline.nodes import NodeError
from pipeline.root import machine_fault, write_whole
from schemas import TesseraError
from schemas.errors import causes

_WIDTH = 300


def failure_line(failure: NodeError) -> str:
    """Returns a line on a node's failure; of what others' code says in many, the beginning."""
    cause = failure.__cause__
    if isinstance(cause, TesseraError):
        return f"{failure.node}: {cause.line}"
    said = textwrap.shorten(str(cause), _WIDTH, placeholder=" …")
    return f"{failure.node} failed: {type(cause).__name__}: {said}"


def explained(what: str, error: BaseException, root: Path) -> TesseraError | None:
    """Finds the error that a user can act on behind those that are wrapped around it.

    A run on this machine and a step on a cluster end alike by it.

    Args:
      what: What failed, such as a node's id.
      error: The error.
      root: The folder of all results.

    Returns:
      Our own error, or one on the machine; `None` for a fault that nobody foresaw.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TesseraError):
            return cause
        hidden = None if cause.__suppress_context__ else cause.__context__
        cause = cause.__cause__ or hidden
    return machine_fault(what, error, root)


def raise_failure(failure: NodeError, log: Path, root: Path) -> NoReturn:
    """Raises a node's own error where it is ours, else one that names the node.

    Args:
      failure: The failure; its cause is the node's exception.
      log: The file that gets the whole story of an error that is not ours.
      root: The folder of all results.

    Raises:
      TesseraError: Always, or a kind of it.
    """
    if (known := explained(failure.node, failure, root)) is not None:
        if known in causes(failure):
            raise known
        raise known from failure
    write_whole(log, "".join(traceback.format_exception(failure)).encode())
    raise TesseraError(
        "step-failed", f"{failure_line(failure)}. The whole story is in {log}.") from failure


@contextmanager
def exit_on_signal(what: str, then: str) -> Iterator[None]:
    """Ends with a line if the process gets a signal to stop, instead of without a word.

    Args:
      what: The line's beginning, such as `"Trainer was stopped"`.
      then: What that means, in sentences.

    Raises:
      SystemExit: The process got a signal to stop; the code is that of the signal.
    """
    def stopped(number: int, _: FrameType | None) -> None:
        print(f"tessera: {what} by {signal.Signals(number).name}. {then}", file=sys.stderr,
              flush=True)
        sys.exit(128 + number)

    # As process 1 of a container, Python would not even die of it.
    before = signal.signal(signal.SIGTERM, stopped)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
