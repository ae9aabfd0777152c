"""What is said of a job service, and of a job that failed for a reason that is not ours."""

import threading

import grpc
import pytest

from pipeline.beam.operator import job_fault, show_thread_end

_JAVA = """Pipeline BeamApp-1 failed in state FAILED: org.apache.flink.JobException: Recovery is \
suppressed
\tat org.apache.flink.Executor.run(Executor.java:1)
Caused by: java.util.concurrent.TimeoutException: outer
Caused by: NoResourceAvailableException: Could not acquire the minimum required resources.
\tat org.apache.flink.Scheduler.run(Scheduler.java:2)
"""

_PYTHON = """Pipeline BeamApp-1 failed in state FAILED: java.lang.Error: outer
Caused by: java.lang.RuntimeException: Error received: Traceback (most recent call last):
  File "x.py", line 1, in <module>
ValueError: odd [while running 'Spill']

\tat org.apache.beam.Client.run(Client.java:1)
\t... 3 more
"""


@pytest.mark.parametrize(("error", "code", "words"), [
    (FileNotFoundError(2, "No such file", "java"), "job-service-not-started", "Java 17"),
    (RuntimeError("Unable to fetch remote job server jar at https://x: no"),
     "job-service-not-started", "https://x"),
    (grpc.FutureTimeoutError(), "job-service-away", "job_endpoint"),
    (grpc.RpcError("Socket closed"), "job-service-lost", "Socket closed"),
    (RuntimeError(_JAVA), "beam-job-failed", "FAILED: NoResourceAvailableException: Could not"),
    (RuntimeError(_PYTHON), "beam-job-failed", "FAILED: ValueError: odd [while"),
    (RuntimeError("Pipeline a failed in state CANCELLED: unknown error"), "beam-job-failed",
     "CANCELLED: unknown error"),
])
def test_a_fault_is_one_line(error, code, words):
    message = job_fault(error)
    assert message.code == code and words in str(message)
    assert len(str(message)) < 700 and "\n" not in str(message)


def test_another_error_is_not_the_services():
    assert job_fault(FileNotFoundError(2, "No such file", "ratings.csv")) is None
    assert job_fault(RuntimeError("odd")) is None
    full = _PYTHON.replace("ValueError: odd", "OSError: [Errno 28] No space left on device")
    assert job_fault(RuntimeError(full)) is None


def test_a_lost_job_service_is_told_by_the_job_and_not_by_a_thread(capsys):
    show_thread_end(threading.ExceptHookArgs((grpc.RpcError, grpc.RpcError("lost"), None, None)))
    assert capsys.readouterr().err == ""
    show_thread_end(threading.ExceptHookArgs((ValueError, ValueError("odd"), None, None)))
    assert "ValueError: odd" in capsys.readouterr().err
