"""The first nodes of the pipeline, each with what it took."""

import contextlib
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.machine import cpu_seconds
from pipeline.config import RunConfig


class _EndedError(Exception):
    """All that is to be measured has run."""


@dataclass(frozen=True)
class Took:
    """What a node took.

    Attributes:
      seconds: Time of the clock.
      cpu_seconds: Time that its processes had of a processor.
    """

    seconds: float
    cpu_seconds: float


def run_until(config: RunConfig, last: set[str]) -> dict[str, Took]:
    """Runs the pipeline of a configuration until some nodes have ended.

    TFX compiles no part of a pipeline: its nodes would refer to others that are not there.

    Args:
      config: The configuration; its root is an empty folder.
      last: Ids of the nodes.

    Returns:
      What each node took, by its id.
    """
    import pipeline.process  # noqa: F401  (before TensorFlow)

    from pipeline.dag import build_pipeline  # isort: skip
    from pipeline.local import run_locally
    from pipeline.run import checked, write_schemas

    bound = checked(config)
    whole = build_pipeline(config, bound, write_schemas(config.root, bound.spec))
    took: dict[str, Took] = {}
    began = [0.0, 0.0]

    def started(_: str) -> None:
        began[:] = time.perf_counter(), cpu_seconds()

    def ended(node: Any) -> None:
        took[node.node] = Took(time.perf_counter() - began[0], cpu_seconds() - began[1])
        if last <= took.keys():
            raise _EndedError

    with contextlib.suppress(_EndedError):
        run_locally(whole, "bench", started, ended, "bench")
    return took
