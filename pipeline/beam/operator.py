"""How TFX runs its Beam steps: with our arguments, and with errors that say what went wrong."""

import contextlib
import os
import re
import textwrap
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions
from tfx.orchestration.portable.beam_executor_operator import BeamExecutorOperator

from schemas import InputError, TesseraError, log
from schemas.errors import access_fault, causes, disk_fault, memory_fault, restored

_AGAIN = "Run the same command again when it is back: what is finished comes from the cache."
_FAILED = re.compile(r"Pipeline \S+ failed in state (\w+): (.*)", re.DOTALL)
_NO_JAR = "Unable to fetch remote job server jar"
_TRACE = "Traceback (most recent call last)"
_LONGEST = 400
_SAFE_PATH = "PYTHONSAFEPATH"


def job_fault(error: BaseException) -> TesseraError | None:
    """Returns what to say of an error that comes from a job or its service, else `None`.

    What a worker's machine lacks has the message that it has on this machine.
    """
    if any(lacks(error) for lacks in (disk_fault, access_fault, memory_fault)):
        return None
    for one in causes(error):
        if _NO_JAR in str(one) or (isinstance(one, FileNotFoundError) and one.filename == "java"):
            return InputError(
                "job-service-not-started",
                "beam.options has no job_endpoint, and no job service can be started here: "
                f"{_words(str(one))}. Install Java 17 and give Beam's jar, or give the host and "
                "port of a service that runs; docs/scaling.md shows one.")
        if isinstance(one, grpc.FutureTimeoutError):
            return TesseraError(
                "job-service-away",
                "No Beam job service responds at beam.options' job_endpoint. Check the address and "
                f"the service. {_AGAIN}")
        if isinstance(one, grpc.RpcError):
            return TesseraError(
                "job-service-lost",
                f"The Beam job service broke off: {_words(str(one))}. Nothing of this step is "
                f"used. {_AGAIN}")
        if failed := _FAILED.match(str(one)):
            return TesseraError(
                "beam-job-failed",
                f"The Beam job ended as {failed[1]}: {_words(_root_cause(failed[2]))}. The logs of "
                f"the cluster say more. {_AGAIN}")
    return None


def _root_cause(text: str) -> str:
    """Returns the line on the innermost of Java's causes; of a Python trace in it, the last."""
    lines = [line for line in text.rpartition("Caused by: ")[2].splitlines()
             if line.strip() and not line.startswith(("\tat ", "\t... "))]
    return "" if not lines else lines[-1] if _TRACE in lines[0] else lines[0]


def show_thread_end(end: threading.ExceptHookArgs) -> None:
    """Shows why a thread ended, but not Beam's that lost the job service: the job's error does."""
    if not isinstance(end.exc_value, grpc.RpcError):
        threading.__excepthook__(end)


def _words(text: str) -> str:
    return textwrap.shorten(text, _LONGEST, placeholder=" …").rstrip(". ")


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """Keeps the current folder out of what workers import: a user's may be called `schemas`."""
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


@contextlib.contextmanager
def _workers_unheard() -> Iterator[None]:
    """Keeps standard error to this process: Beam's workers print traces of what a run reports.

    With `--verbose` they are heard.
    """
    if log.verbose():
        yield
        return
    with (open(os.dup(2), "w", encoding="utf-8", errors="replace", buffering=1) as shown,
          open(os.devnull, "wb") as nothing, contextlib.redirect_stderr(shown)):
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(shown.fileno(), 2)


class Operator(BeamExecutorOperator):
    """Makes the pipelines of a Beam executor.

    TFX would send a copy of itself along with each job (2 s and 52 MB a step); workers are of the
    project's own environment, and have it.
    """

    def __init__(self, arguments: Sequence[str], executor_spec: Any,
                 platform_config: Any = None) -> None:
        """Takes Beam's arguments besides what TFX gives to an operator."""
        super().__init__(executor_spec, platform_config)
        self._arguments = list(arguments)

    def run_executor(self, execution_info: Any, make_beam_pipeline_fn: Any = None) -> Any:
        """Runs the executor.

        Raises:
          TesseraError: One was raised in a worker, or the job service is away or lost the job.
          Exception: Whatever else the executor raised.
        """
        mode = PipelineOptions(self._arguments).view_as(DirectOptions).direct_running_mode
        try:
            with contextlib.ExitStack() as stack:
                if mode == "multi_processing":
                    stack.enter_context(_safe_path())
                    stack.enter_context(_workers_unheard())
                return super().run_executor(execution_info, make_beam_pipeline_fn or self._pipeline)
        except TesseraError:
            raise
        except Exception as error:
            ours = restored(error) or job_fault(error)
            if ours is None:
                raise
            raise ours from error

    def _pipeline(self) -> beam.Pipeline:
        threading.excepthook = show_thread_end
        return _Job(options=PipelineOptions(self._arguments))


class _Job(beam.Pipeline):
    """A pipeline whose job does not go on without the step that waits for it."""

    result: Any = None

    def __exit__(self, *failure: Any) -> None:
        try:
            super().__exit__(*failure)
        except (KeyboardInterrupt, SystemExit):
            if self.result is not None:
                with contextlib.suppress(Exception):  # the service may be what is away
                    self.result.cancel()
            raise
