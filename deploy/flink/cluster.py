"""Flink on this machine, from its jars: a standalone cluster or an embedded one, and a worker pool.

Everything is bound to 127.0.0.1 as far as Flink lets it. Beam's harness servers within a
TaskManager are not: `run.py` runs all of it in a network namespace that has no other address.
"""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

LOOPBACK = "127.0.0.1"
REST_PORT, JOB_PORT, POOL_PORT = 8081, 8099, 50000
SLOTS = 2
_SECONDS = 1200  # for what takes a tenth of it where nothing else runs
_OPENED = ("java.lang", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.text",
           "java.time", "java.util", "java.util.concurrent", "java.util.concurrent.atomic",
           "java.util.concurrent.locks", "sun.nio.ch")
# Processes of minutes: what a second compiler and parallel collectors cost is not earned back.
# Flink's own key for the last one has no effect: it is not the one that Pekko reads.
_JAVA = ["java", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
         "-Dpekko.remote.classic.startup-timeout=120s",
         *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED)]
_FLINK = "org.apache.flink.runtime"
CONFIG = {
    "jobmanager.rpc.address": LOOPBACK, "jobmanager.bind-host": LOOPBACK,
    "taskmanager.host": LOOPBACK, "taskmanager.bind-host": LOOPBACK,
    "rest.address": LOOPBACK, "rest.bind-address": LOOPBACK, "rest.port": REST_PORT,
    # The statistics of pictures have records of megabytes, which must fit into the room of a sort.
    "taskmanager.memory.process.size": "6g",
    # Beam's connections to its workers take it from here; Flink's own part is enough for a demo.
    "taskmanager.memory.task.off-heap.size": "768m",
    # Else a job waits for ever for what a thread of such a connection had no memory for.
    "cluster.uncaught-exception-handling": "FAIL",
    "taskmanager.numberOfTaskSlots": SLOTS,
    # Else a job of ours has too few network buffers.
    "taskmanager.network.sort-shuffle.min-parallelism": 100000,
    # Without it, a worker or a TaskManager that dies takes the job along. Of a TaskManager's end
    # each of its tasks is a failure; this strategy alone counts those of one moment as one.
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.initial-backoff": "5 s",
    "restart-strategy.exponential-delay.max-backoff": "10 s",
    "restart-strategy.exponential-delay.attempts-before-reset-backoff": 3,
    # Two cores that others use too: a call may take longer than the usual ten seconds.
    "pekko.ask.timeout": "120 s", "web.timeout": 120000, "heartbeat.timeout": 120000,
    # So long may another TaskManager take to come, and an attempt waits on a full cluster.
    "slot.request.timeout": 30000,
}


class Cluster:
    """The processes of a cluster, by their names; a context that ends them all."""

    def __init__(self, jars: Path, folder: Path) -> None:
        """Writes the configuration.

        Args:
          jars: The folder of the jars.
          folder: An empty folder for configuration, logs and temporary files, those of each
            process in a folder of its own.
        """
        self._classes, self.folder = f"{jars}/*", folder
        self.processes: dict[str, subprocess.Popen] = {}
        for name in ("conf", "logs", "tmp"):
            (folder / name).mkdir(parents=True)
        (folder / "conf" / "flink-conf.yaml").write_text(
            "".join(f"{key}: {value}\n" for key, value in CONFIG.items()), encoding="utf-8")

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self.processes)):
            self.end(name)

    def start_job_manager(self) -> None:
        """Starts what plans and watches jobs."""
        self._java("JobManager", f"{_FLINK}.entrypoint.StandaloneSessionClusterEntrypoint",
                   "--configDir", self.folder / "conf", options=("-Xmx700m",))

    def start_task_manager(self) -> None:
        """Starts what runs jobs, and waits until its slots are offered."""
        output = subprocess.run(
            [*_JAVA, "-cp", self._classes, f"{_FLINK}.util.bash.BashJavaUtils",
             "GET_TM_RESOURCE_PARAMS", "--configDir", self.folder / "conf"],
            capture_output=True, text=True, check=True).stdout
        java, flink = (line.split("BASH_JAVA_UTILS_EXEC_RESULT:")[-1].split()
                       for line in output.strip().splitlines()[-2:])
        self._java("TaskManager", f"{_FLINK}.taskexecutor.TaskManagerRunner",
                   "--configDir", self.folder / "conf", *flink, options=tuple(java))
        self._until(lambda: self.rest("overview")["slots-total"] == SLOTS, "TaskManager")

    def start_job_service(self, master: str = f"{LOOPBACK}:{REST_PORT}") -> None:
        """Starts what Beam sends its jobs to.

        Args:
          master: The cluster; `[local]` is a Flink within the job service itself.
        """
        self._java("job-service", "org.apache.beam.runners.flink.FlinkJobServerDriver",
                   f"--flink-master={master}", f"--flink-conf-dir={self.folder / 'conf'}",
                   f"--job-host={LOOPBACK}", f"--job-port={JOB_PORT}", "--artifact-port=0",
                   "--expansion-port=0")
        self._until(lambda: "JobService started" in self._log("job-service"), "job-service")

    def start_pool(self) -> None:
        """Starts the warm pool of Python workers."""
        self._start("pool", [sys.executable, "-c", "from pipeline.cli import main; main()",
                             "beam-worker", "--port", str(POOL_PORT)])
        self._until(lambda: "Workers wait" in self._log("pool"), "pool")

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends one process that was started here, and waits for its end."""
        process = self.processes.pop(name)
        process.send_signal(how)
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if how is signal.SIGKILL:  # as the disk of a pod goes with it
            shutil.rmtree(self.folder / "tmp" / name, ignore_errors=True)

    def rest(self, path: str) -> dict[str, Any]:
        """Asks the JobManager; an empty response if it does not answer yet."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{REST_PORT}/{path}", timeout=5) as body:
                return json.load(body)
        except OSError:
            return {"slots-total": None, "jobs": []}

    def working(self) -> bool:
        """Says whether a job has tasks that run."""
        return any(job["tasks"]["running"] for job in self.rest("jobs/overview")["jobs"]
                   if job["state"] == "RUNNING")

    def workers(self) -> list[psutil.Process]:
        """Returns the Python workers that are processes of the cluster."""
        found = []
        for one in self.processes.values():
            for process in psutil.Process(one.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if "sdk_worker_main" in " ".join(process.cmdline()):
                        found.append(process)
        return found

    def _until(self, true: Callable[[], bool], name: str) -> None:
        """Waits for a process that was started, as long as all of them are there."""
        until(lambda: true() or any(one.poll() is not None for one in self.processes.values()),
              name)
        for other, process in self.processes.items():
            if process.poll() is not None:
                raise TimeoutError(f"{other} ended:\n{self._log(other)[-2000:]}")

    def _log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text(encoding="utf-8")

    def _java(self, name: str, main: str, *words: object,
              options: tuple[str, ...] = ("-Xmx700m",)) -> None:
        temporary = self.folder / "tmp" / name
        temporary.mkdir(exist_ok=True)
        self._start(name, [*_JAVA, f"-Djava.io.tmpdir={temporary}", *options, "-cp",
                           self._classes, main, *map(str, words)])

    def _start(self, name: str, words: list[str]) -> None:
        path = self.folder / "logs" / f"{name}.log"
        if path.exists():  # of one that was killed; what it said is not this one's
            path.rename(path.with_suffix(".earlier.log"))
        with path.open("w", encoding="utf-8") as log:
            self.processes[name] = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)


def until(true: Callable[[], bool], what: str, seconds: float = _SECONDS) -> None:
    """Waits until something is true.

    Raises:
      TimeoutError: It is not within the time.
    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"After {seconds:.0f} s there is not {what}.")
        time.sleep(0.2)


@contextlib.contextmanager
def standalone(jars: Path, folder: Path) -> Iterator[Cluster]:
    """Runs a whole standalone cluster with job service and workers while it is entered."""
    with Cluster(jars, folder) as cluster:
        cluster.start_job_manager()
        cluster.start_task_manager()
        cluster.start_job_service()
        cluster.start_pool()
        yield cluster


BEAM = {"runner": "flink", "options": {
    "job_endpoint": f"{LOOPBACK}:{JOB_PORT}", "parallelism": SLOTS, "job_server_timeout": 300,
    "environment_type": "EXTERNAL", "environment_config": f"{LOOPBACK}:{POOL_PORT}"}}
