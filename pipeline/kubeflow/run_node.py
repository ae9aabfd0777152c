"""One step of a run: TFX's portable launcher on one node, and what the interface shows of it."""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pipeline.process  # noqa: F401  (before TensorFlow)
from pipeline.nodes import exit_on_signal, explained
from schemas import TesseraError
from schemas.log import Heartbeat

_STOPPED = ("The run was cancelled, its time was up, or the node was drained. Run again: finished "
            "steps are not repeated.")
_SILENCE = 60.0  # seconds that a pod's log may be without a line


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


def run_node(arguments: argparse.Namespace) -> None:
    """Runs a node, then writes what Kubeflow's interface shows.

    Raises:
      TesseraError: The node failed for a reason that a user can act on.
      Exception: Whatever else the node raised.
    """
    from pipeline.kubeflow.shown import Shown, show
    from pipeline.kubeflow.store import check, with_password

    shown = Shown.read(arguments.executor_input, dict(arguments.show or []))
    shown.require_writable()  # before hours of work, not after
    root = Path(arguments.root)
    from pipeline.kubeflow.launch import NodeLaunch

    launch = NodeLaunch.load(root, arguments.run_id, arguments.node, with_password)
    check(launch.connection)
    if launch.interrupted():
        print(f"An earlier attempt at {arguments.node} was killed while it ran; it runs again. "
              "If it ended with exit code 137, it took more memory than its limit.", flush=True)
    started = time.monotonic()
    with Heartbeat(arguments.node, _SILENCE):
        launch.launch()
    outcome = launch.outcome()
    print(f"{arguments.node}: {outcome.state}, {time.monotonic() - started:.1f} s", flush=True)
    for key, uris in outcome.uris.items():
        print(f"  {key}: {', '.join(uris)}", flush=True)
    try:
        show(shown, outcome)
    except Exception as error:
        raise TesseraError(
            "outputs-not-shown",
            f"The node is done ({outcome.state}) but what the interface shows of it could not be "
            f"written: {type(error).__name__}: {error}. A retry repeats this part alone."
        ) from error


def main() -> int:
    """Runs the step; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.kubeflow.run_node")
    for name in ("root", "node", "run-id"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--show", nargs=2, action="append", metavar=("KEY", "PATH"),
                        help="an artifact for the interface, and where Kubeflow expects it")
    parser.add_argument("--executor-input", type=_executor_input, default={},
                        help="Kubeflow's description of the step's outputs, as JSON")
    arguments = parser.parse_args()
    return run_step(arguments.node, lambda: run_node(arguments), Path(arguments.root))


def _executor_input(text: str) -> dict:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
