"""What became of the pipeline's nodes, and what is said of a failure, here and on a cluster."""

import signal
import sys
import textwrap
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pipeline.root import machine_fault, write_whole
from schemas import TesseraError
from schemas.errors import causes

DATA, TRAINING, MODEL = "data", "training", "model"
_WIDTH = 300


@dataclass
class NodeRun:
    """What became of one node.

    Attributes:
      node: The node's id.
      cached: Whether its outputs came from the cache.
      seconds: How long it took.
      stage: `DATA` if training depends on it, `TRAINING`, or `MODEL` for what comes after.
      outputs: URIs of its outputs by key.
      types: Types of its outputs by key.
      output_ids: Ids of its outputs in the metadata store by key.
    """

    node: str
    cached: bool = False
    seconds: float = 0.0
    stage: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    output_ids: dict[str, int] = field(default_factory=dict)


def of_type(nodes: Mapping[str, NodeRun], name: str) -> list[Path]:
    """Returns the folders of all outputs of an artifact type, in the order of the nodes.

    Args:
      nodes: The nodes that ended.
      name: The type's name, such as `"tessera.Verdict"`: nobody need know who makes what.
    """
    return [Path(node.outputs[key]) for node in nodes.values()
            for key, kind in node.types.items() if kind == name]


class NodeError(Exception):
    """A node failed; the cause is its exception.

    Attributes:
      node: The node's id.
    """

    def __init__(self, node: str):
        super().__init__(node)
        self.node = node


def failure_line(failure: NodeError) -> str:
    """Returns a line on a node's failure; of what others' code says in many, the beginning."""
    cause = failure.__cause__
    if isinstance(cause, TesseraError):
        return f"{failure.node}: {cause.line}"
    message = textwrap.shorten(str(cause), _WIDTH, placeholder=" …")
    return f"{failure.node} failed: {type(cause).__name__}: {message}"


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
