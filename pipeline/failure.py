"""What is said of a node that failed, and the error that ends the command."""

import textwrap
import traceback
from pathlib import Path
from typing import NoReturn

from pipeline.nodes import NodeError
from pipeline.root import full_disk, write_whole
from schemas import TesseraError
from schemas.errors import disk_fault

_WIDTH = 300


def told(failure: NodeError) -> str:
    """Returns a line on a node's failure; of what others' code says in many, the beginning."""
    cause = failure.__cause__
    if isinstance(cause, TesseraError):
        return f"{failure.node}: {cause}"
    said = textwrap.shorten(str(cause), _WIDTH, placeholder=" …")
    return f"{failure.node} failed: {type(cause).__name__}: {said}"


def raise_failure(failure: NodeError, log: Path, root: Path) -> NoReturn:
    """Raises a node's own error where it is ours, else one that names the node.

    Args:
      failure: The failure; its cause is the node's exception.
      log: The file that gets the whole story of an error that is not ours.
      root: The folder of all results.

    Raises:
      TesseraError: Always, or a kind of it.
    """
    cause: BaseException | None = failure.__cause__
    while cause is not None:
        if isinstance(cause, TesseraError):
            raise cause
        cause = cause.__cause__
    if fault := disk_fault(failure):
        raise full_disk(failure.node, fault, root) from failure
    write_whole(log, "".join(traceback.format_exception(failure)).encode())
    raise TesseraError(f"{told(failure)}. The whole story is in {log}.") from failure
