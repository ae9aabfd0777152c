"""What goes wrong between a step and the service that its job is sent to, in one line."""

import re
import textwrap

import grpc

from schemas import InputError, TesseraError
from schemas.errors import causes

_AGAIN = "Run the same command again when it is back: what is finished comes from the cache."
_FAILED = re.compile(r"Pipeline \S+ failed in state (\w+): (.*)", re.DOTALL)
_NO_JAR = "Unable to fetch remote job server jar"
_TRACE = "Traceback (most recent call last)"
_LONGEST = 400


def job_fault(error: BaseException) -> TesseraError | None:
    """Returns what to say of an error that comes from a job or its service, else `None`."""
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


def _words(text: str) -> str:
    return textwrap.shorten(text, _LONGEST, placeholder=" …").rstrip(". ")
