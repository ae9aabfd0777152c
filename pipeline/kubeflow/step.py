"""What all steps do alike: a clear last line in the log, and the exit code."""

import errno
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType

from schemas import InputError, TesseraError

_STORAGE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


def run_step(name: str, work: Callable[[], None]) -> int:
    """Does a step's work; a failure ends the log with one line that says what to do.

    Args:
      name: How the log calls the step.
      work: The work.

    Returns:
      The exit code: 0, or that of the error (2 input, 3 data, 1 else).

    Raises:
      SystemExit: The step was told to stop; the code is that of the signal.
    """
    def stopped(number: int, _: FrameType | None) -> None:
        print(f"tessera: {name} was stopped by {signal.Signals(number).name}: the run was "
              "cancelled, its time was up, or the node was drained. Run again: finished steps are "
              "not repeated.", file=sys.stderr, flush=True)
        sys.exit(128 + number)

    # As process 1 of its container, Python would not even die of it.
    signal.signal(signal.SIGTERM, stopped)
    try:
        work()
    except Exception as error:
        told = explain(error)
        if not isinstance(told, TesseraError):
            traceback.print_exc()
        print(f"tessera: {name} failed: {told}", file=sys.stderr, flush=True)
        return told.exit_code if isinstance(told, TesseraError) else 1
    return 0


def explain(error: BaseException) -> TesseraError | str:
    """Finds the error that a user can act on behind those that TFX wraps around it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TesseraError):
            return cause
        if isinstance(cause, OSError) and cause.errno in _STORAGE:
            return InputError(f"Cannot write {cause.filename}: {cause.strerror}. The root must be "
                              "writable for the image's user and have space left.")
        cause = cause.__cause__ or cause.__context__
    return f"{type(error).__name__}: {error}"
