"""What all steps do alike: a clear last line in the log, and the exit code."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from pipeline.failure import exit_on_signal, explained

_STOPPED = ("The run was cancelled, its time was up, or the node was drained. Run again: finished "
            "steps are not repeated.")


def run_step(name: str, work: Callable[[], None], root: Path = Path("/")) -> int:
    """Does a step's work; a failure ends the log with one line that says what to do.

    Args:
      name: How the log calls the step.
      work: The work.
      root: The folder of all results.

    Returns:
      The exit code: 0, or that of the error, as a run on one machine has it.

    Raises:
      SystemExit: The step got a signal to stop; the code is that of the signal.
    """
    with exit_on_signal(f"{name} was stopped", _STOPPED):
        try:
            work()
        except Exception as error:
            explanation = explained("The step", error, root)
            if explanation is None:
                traceback.print_exc()
                message = f"{type(error).__name__}: {error}"
            else:
                message = explanation.line
            print(f"tessera: {name} failed: {message}", file=sys.stderr, flush=True)
            return 1 if explanation is None else explanation.exit_code
    return 0
