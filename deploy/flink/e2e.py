"""The demo on Flink: equal artifacts, killed processes, our errors; run by `make flink-e2e`.

Nothing of it is a mock: Flink and Beam's job service from their jars, Python workers of the
project's environment, and the `tessera` command.
"""

import argparse
import atexit
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from deploy.flink.cluster import BEAM, Cluster, standalone, until

PROJECT = Path(__file__).parents[2]
_INSIDE = "TESSERA_FLINK_NAMESPACE"
_STEPS = ("CatalogGen", "StatisticsGen", "Transform", "Evaluator")
_OWN = PROJECT / "docs" / "your-data"


class Failed(Exception):
    """Something is not as it must be."""


class Run:
    """A `tessera run` in a process of its own, whose lines are read while it runs."""

    def __init__(self, folder: Path, name: str, **config: object) -> None:
        """Starts it; keys of `config` are those of a configuration file."""
        file, self.log = folder / f"{name}.yaml", folder / f"{name}.log"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-c", "from pipeline.cli import main; main()", "run",
                 "--config", file], cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT)
        self.name, self.started = name, time.monotonic()
        atexit.register(self.process.kill)  # does nothing to one that has ended

    def output(self) -> str:
        """Returns what it has printed."""
        return self.log.read_text(encoding="utf-8")

    def ran(self, node: str) -> bool:
        """Says whether a node has run."""
        return re.search(rf"^{node} +ran ", self.output(), re.MULTILINE) is not None

    def until(self, true: Callable[[], bool], what: str, seconds: float = 600) -> None:
        """Waits for something that happens while it runs."""
        until(lambda: true() or self.process.poll() is not None, what, seconds)
        _demand(self.process.poll() is None, f"{self.name} ended:\n{self.output()[-3000:]}")

    def end(self, code: int, *words: str) -> None:
        """Waits for its end, and demands an exit code and words in the last line."""
        ended = self.process.wait()
        lines = self.output().strip().splitlines()
        print(f"{self.name}: exit code {ended}, {time.monotonic() - self.started:.0f} s"
              + (f", {lines[-1]}" if code else ""), flush=True)
        _demand(ended == code, f"{self.name} ended with {ended}, not {code}:\n{lines[-30:]}")
        for word in words:
            _demand(word in lines[-1], f"{self.name}: no {word!r} in {lines[-1]!r}")

    def stop(self) -> None:
        """Ends it when enough was seen."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        print(f"{self.name}: stopped after {time.monotonic() - self.started:.0f} s", flush=True)


def scenario(jars: Path, folder: Path) -> None:
    """Plays the scenario.

    Raises:
      Failed: Something is not as it must be.
    """
    here, there = folder / "direct", folder / "flink"
    Run(folder, "direct", dataset="demo", root=str(here)).end(0)
    with standalone(jars, folder / "cluster") as cluster:
        _killed_task_manager(cluster, folder, there)
        _killed_job_service(cluster, folder, there)
        Run(folder, "flink", dataset="demo", root=str(there), beam=BEAM).end(0)
        _demand(len(list(there.glob("serving/*/*/saved_model.pb"))) == 1, "no model was pushed")
        _one_of_each(there)
        _our_error(folder)
        _full(cluster, folder)
    Run(folder, "away", dataset="demo", root=str(folder / "away"), data_dir=str(here / "data/demo"),
        beam={**BEAM, "options": {**BEAM["options"], "job_server_timeout": 5}},
        ).end(1, "error[job-service-away]")
    _embedded(jars, folder, here)
    # The same model, evaluated on this machine: another limit makes Evaluator run again.
    Run(folder, "evaluated", dataset="demo", root=str(there),
        checks={"max_error_increase": 0.021}).end(0)
    _table(here, there)
    _times(here, there)
    leftover = list((folder / "cluster" / "tmp").rglob("*"))
    print(f"Temporary files of Flink that are left: {len(leftover)}")


def _killed_task_manager(cluster: Cluster, folder: Path, root: Path) -> None:
    """A job goes on after its TaskManager was killed, and another one came."""
    run = Run(folder, "task-manager-killed", dataset="demo", root=str(root), beam=BEAM)
    run.until(cluster.working, "a job that works")
    cluster.end("TaskManager", signal.SIGKILL)
    cluster.start_task_manager()
    run.until(lambda: run.ran("CatalogGen"), "the end of CatalogGen")
    run.stop()


def _killed_job_service(cluster: Cluster, folder: Path, root: Path) -> None:
    """A run whose job service was killed says so, and nothing half made is left."""
    run = Run(folder, "job-service-killed", dataset="demo", root=str(root), beam=BEAM)
    run.until(lambda: run.ran("CatalogGen") and cluster.working(), "a second job")
    cluster.end("job-service", signal.SIGKILL)
    run.end(1, "error[job-service-lost]")
    cluster.start_job_service()


def _our_error(folder: Path) -> None:
    """An error of a worker has the same message on both engines."""
    data = folder / "damaged"
    shutil.copytree(_OWN, data)
    rows = "".join(f"north,{user},b1,2024-05-01T10:00:00Z,borrow,5\n" for user in range(90_000))
    header = (data / "events-2024.csv").read_text(encoding="utf-8").splitlines()[0]
    whole = gzip.compress(f"{header}\n{rows}".encode())
    (data / "events-2026.csv.gz").write_bytes(whole[: len(whole) * 9 // 10])
    given = yaml.safe_load((data / "my.yaml").read_text(encoding="utf-8"))
    given["source"]["interactions"]["files"] = "events-*"
    given |= {"data_dir": str(data), "schemas": str(data / "schemas"),
              "recipe": str(data / "tiny.yaml")}
    lines = []
    for name, beam in (("damaged-direct", {}), ("damaged-flink", BEAM)):
        run = Run(folder, name, **given, root=str(folder / name), beam=beam)
        run.end(2, "error[damaged-text-file]")
        lines.append(run.output().strip().splitlines()[-1])
    _demand(lines[0] == lines[1], f"the messages differ: {lines}")


def _full(cluster: Cluster, folder: Path) -> None:
    """A cluster without free slots is one message."""
    cluster.end("TaskManager")
    Run(folder, "full", dataset="demo", root=str(folder / "full"),
        data_dir=str(folder / "direct/data/demo"), beam=BEAM).end(1, "error[beam-job-failed]")


def _embedded(jars: Path, folder: Path, here: Path) -> None:
    """Flink within the job service, and workers that are processes."""
    options = {"job_endpoint": BEAM["options"]["job_endpoint"],
               "parallelism": 1, "environment_type": "PROCESS",
               "environment_cache_millis": 60000}
    with Cluster(jars, folder / "embedded-cluster") as cluster:
        cluster.start_job_service("[local]")
        run = Run(folder, "embedded", dataset="demo", root=str(folder / "embedded"),
                  data_dir=str(here / "data/demo"), beam={"runner": "flink", "options": options})
        run.until(lambda: run.ran("CatalogGen"), "the end of CatalogGen")
        run.stop()


def _one_of_each(root: Path) -> None:
    """Nothing that a failed or a stopped step made is left."""
    for step in _STEPS:
        for output in root.glob(f"artifacts/*/{step}*/*"):
            made = [one for one in output.iterdir() if one.name.isdigit()]
            _demand(output.name.startswith(".") or len(made) == 1, f"{output} has {made}")


def _table(here: Path, there: Path) -> None:
    from deploy.flink.equal import compare, metrics_differ, output

    rows = compare(here, there)
    evaluations = [output(there, "Evaluator", "evaluation", which) for which in (0, 1)]
    rows.append(("Evaluator.evaluation", "all figures, same model",
                 not metrics_differ(*evaluations)))
    print(f"\n{'artifact':<45} {'what is compared':<30} equal")
    for name, what, equal in rows:
        print(f"{name:<45} {what:<30} {'yes' if equal else 'NO'}")
    _demand(all(equal for *_, equal in rows), "artifacts differ")


def _times(here: Path, there: Path) -> None:
    print(f"\n{'seconds':<30} {'direct':>8} {'flink':>8}")
    timings = [{}, {}]
    for place, root in enumerate((here, there)):
        for path in sorted(root.glob("runs/2*/metrics.json")):
            metrics = json.loads(path.read_text(encoding="utf-8"))
            timings[place] |= {name: seconds for name, seconds in metrics["timings"].items()
                               if not metrics["cached"][name] and name not in timings[place]}
    for name, seconds in timings[0].items():
        if name.split(".")[0] in _STEPS:
            print(f"{name:<30} {seconds:8.1f} {timings[1].get(name, float('nan')):8.1f}")


def _demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Failed(otherwise)


def main() -> int:
    """Runs the test in a network that has nothing but 127.0.0.1; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.flink.e2e")
    parser.add_argument("--jars", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=PROJECT / ".cache" / "flink-e2e")
    arguments = parser.parse_args()
    if _INSIDE not in os.environ:
        words = [sys.executable, "-m", "deploy.flink.e2e", "--jars", arguments.jars.absolute(),
                 "--folder", arguments.folder.absolute()]
        return subprocess.run(
            ["unshare", "--net", *([] if os.getuid() == 0 else ["--map-root-user"]),
             "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *words],
            cwd=PROJECT, env={**os.environ, _INSIDE: "1"}, check=False).returncode
    shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the processes end with it
    started = time.monotonic()
    try:
        scenario(arguments.jars, arguments.folder)
    except (Failed, TimeoutError, ValueError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"passed in {(time.monotonic() - started) / 60:.1f} minutes; logs are in "
          f"{arguments.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
