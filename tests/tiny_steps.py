"""Steps of a pipeline that do next to nothing, for tests of who runs them, where and when."""

import errno
import os
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from schemas import InputError


class OddError(Exception):
    """An error that cannot be made anew from its arguments."""

    def __init__(self, what: str, where: str):
        super().__init__(f"{what} in {where}")


FAULTS = {
    "ours": lambda: InputError("bad-toy", "The toy is broken."),
    "disk": lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "odd": lambda: OddError("dust", "the gears")}


@component
def Note(  # noqa: N802
        note: OutputArtifact[standard_artifacts.Model], fault: Parameter[str] = "") -> None:
    """Writes in which process it runs, or fails."""
    if fault == "end":
        os._exit(3)
    if fault:
        raise FAULTS[fault]()
    Path(note.uri).mkdir(parents=True, exist_ok=True)
    Path(note.uri, "process").write_text(str(os.getpid()))
    note.set_string_custom_property("told", "yes")


@component
def Meet(  # noqa: N802
        note: OutputArtifact[standard_artifacts.Model], own: Parameter[str],
        others: Parameter[str]) -> None:
    """Ends when the other one runs: two pipes say so, which wait for each other."""
    Path(note.uri).mkdir(parents=True, exist_ok=True)
    Path(note.uri, "process").write_text(str(os.getpid()))
    for mine, mode in sorted(((own, "w"), (others, "r"))):
        with open(mine, mode, encoding="utf-8"):
            pass


@component
def After(  # noqa: N802
        first: InputArtifact[standard_artifacts.Model],
        note: OutputArtifact[standard_artifacts.ModelRun]) -> None:
    """Copies what the first step wrote."""
    Path(note.uri).mkdir(parents=True, exist_ok=True)
    Path(note.uri, "process").write_text(Path(first.uri, "process").read_text())
