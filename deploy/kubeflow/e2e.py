"""The compiled pipeline in real containers: first run, cached run, failure, kill and rerun.

Run as root by `make kubeflow-e2e`. Nothing of it is a mock: Debian's Docker engine, an image from
the project's Dockerfile, the YAML of `tessera compile`, kfp's local runner, MariaDB.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from deploy.kubeflow.engine import docker, docker_engine, install_missing
from deploy.kubeflow.image import build_image
from deploy.kubeflow.mariadb import Server, mariadb
from pipeline.cluster.options import PASSWORD_VARIABLE

PROJECT = Path(__file__).parents[2]
_OWNER = 10001
_ALWAYS_RUNS = {"baseline_model", "past_data"}  # resolvers look anew in each run
_BROKEN = "trainer/training/fit.py"
_FAILURE = """

def fit_twice(*_, **__):
    raise RuntimeError("a planted failure")
"""


class Failed(Exception):
    """Something is not as it must be."""


class Cluster:
    """One machine in the role of a cluster: its volume, its database, its runner."""

    def __init__(self, folder: Path, kfp_python: Path, address: str, server: Server) -> None:
        self.root, self.shown = folder / "volume", folder / "minio"
        self._python, self._file = kfp_python, folder / "pipeline.yaml"
        self._environment = {**os.environ, "DOCKER_HOST": address,
                             PASSWORD_VARIABLE: server.password}
        self._metadata = metadata_store_pb2.ConnectionConfig(
            mysql=metadata_store_pb2.MySQLDatabaseConfig(
                host=server.host, port=server.port, database=server.database, user=server.user,
                password=server.password))
        self._logs = folder / "logs"
        for path in (self.root, self.shown):
            path.mkdir(parents=True)
            os.chown(path, _OWNER, _OWNER)
        self._logs.mkdir()

    def compile(self, image: str, server: Server) -> int:
        """Compiles the pipeline with `tessera`; returns the number of its steps."""
        config = {"dataset": "demo", "root": "/tessera", "kubeflow": {
            "image": image, "volumes": [{"claim": "tessera", "path": "/tessera"}],
            "metadata": {"kind": "mysql", "host": server.host, "port": server.port,
                         "database": server.database, "user": server.user,
                         "password": {"secret": "tessera-db", "key": "password"}}}}
        path = self._file.with_name("cluster.yaml")
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        subprocess.run([sys.executable, "-c", "from pipeline.cli import main; main()", "compile",
                        "--config", path, "-o", self._file], cwd=PROJECT, check=True)
        spec = next(yaml.safe_load_all(self._file.read_text(encoding="utf-8")))
        return len(spec["root"]["dag"]["tasks"])

    def run(self, name: str, *words: str, kill: str = "") -> tuple[int, str, dict[str, str]]:
        """Runs the file; returns the exit code, the log, and each node's state.

        Args:
          name: What the log is called.
          *words: Further arguments of `local_run.py`.
          kill: A node whose container gets a SIGKILL as soon as its metadata say that it runs.
        """
        started = time.monotonic()
        path = self._logs / f"{name}.log"
        with path.open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [self._python, PROJECT / "deploy/kubeflow/local_run.py", "--file", self._file,
                 "--root", self.root, "--pipeline-root", self.shown, *words],
                env=self._environment, stdout=log, stderr=subprocess.STDOUT)
            if kill:
                self._kill(process, kill)
            code = process.wait()
        output = path.read_text(encoding="utf-8")
        states = dict(re.findall(r"(\S+): (done|cached), [0-9.]+ s", output))
        print(f"{name}: exit code {code}, {time.monotonic() - started:.0f} s, "
              f"{sum(s == 'done' for s in states.values())} nodes ran, "
              f"{sum(s == 'cached' for s in states.values())} cached", flush=True)
        return code, output, states

    def runs(self, node: str) -> bool:
        """Tells whether the metadata have a node as running: it is, or it was killed so."""
        return running(metadata_store.MetadataStore(self._metadata), node)

    def _kill(self, process: subprocess.Popen, node: str) -> None:
        """Kills a node's container, as a node that runs out of memory does.

        Not before its row is there: a container is up seconds before the node runs in it.
        """
        while process.poll() is None and not self.runs(node):
            time.sleep(0.2)
        address = self._environment["DOCKER_HOST"]
        listed = docker(address, "ps", "--no-trunc", "--format", "{{.ID}} {{.Command}}",
                        capture_output=True, text=True).stdout
        for line in listed.splitlines():
            if f"--node {node} " in line:
                with contextlib.suppress(subprocess.CalledProcessError):  # it has just ended
                    docker(address, "kill", line.split()[0])


def running(store: metadata_store.MetadataStore, node: str) -> bool:
    """Tells whether an execution of a node is RUNNING, in any run of any pipeline."""
    names = {f"{pipeline.name}.{node}" for pipeline in store.get_contexts_by_type("pipeline")}
    return any(execution.last_known_state == metadata_store_pb2.Execution.RUNNING
               for context in store.get_contexts_by_type("node") if context.name in names
               for execution in store.get_executions_by_context(context.id))


def scenario(cluster: Cluster, image: str, server: Server, scratch: Path) -> None:
    """Plays the scenario.

    Raises:
      Failed: Something is not as it must be.
    """
    nodes = cluster.compile(image, server) - 1
    short = ("--set", "max_epochs", "2")
    code, log, states = cluster.run("first", *short)
    _demand(code == 0, f"the first run failed:\n{log[-3000:]}")
    _demand(len(states) == nodes and set(states.values()) == {"done"}, f"not all ran: {states}")
    pushed = list(cluster.root.glob("serving/*/*/saved_model.pb"))
    _demand(len(pushed) == 1, f"no model was pushed:\n{log[-3000:]}")
    _demand(pushed[0].stat().st_uid == _OWNER, "the model belongs to another user")
    _look_at_what_is_shown(cluster.shown)

    code, log, states = cluster.run("again", *short)
    _demand(code == 0, f"the second run failed:\n{log[-3000:]}")
    ran = {node for node, state in states.items() if state == "done"}
    _demand(ran == _ALWAYS_RUNS, f"these were not cached: {ran - _ALWAYS_RUNS}")

    broken = scratch / "broken.py"
    # At work, not on import: the first step imports what the pipeline is built from.
    broken.write_text((PROJECT / _BROKEN).read_text(encoding="utf-8") + _FAILURE, encoding="utf-8")
    broken.chmod(0o644)
    code, log, states = cluster.run(
        "broken", *short, "--mount", str(broken), f"/opt/tessera/{_BROKEN}")
    _demand(code == 1, f"a planted failure went unseen:\n{log[-3000:]}")
    _demand("tessera: Trainer failed: " in log and "a planted failure" in log,
            f"the log does not say what failed:\n{log[-3000:]}")
    _demand("Gate" not in states, "steps behind the failed one ran")

    code, log, states = cluster.run("killed", "--set", "max_epochs", "3", kill="Evaluator")
    _demand(code == 1, f"a killed step went unseen:\n{log[-3000:]}")
    _demand(cluster.runs("Evaluator"), "the step was not killed while its node ran")
    _demand(states["Trainer"] == "done" and states["Transform.items"] == "cached",
            f"the rerun did not go on from the finished steps: {states}")

    code, log, states = cluster.run("rerun", "--set", "max_epochs", "3")
    _demand(code == 0, f"the rerun failed:\n{log[-3000:]}")
    _demand(states["Trainer"] == "cached" and states["Evaluator"] == "done",
            f"the rerun did not go on from the finished steps: {states}")


def _look_at_what_is_shown(folder: Path) -> None:
    """The data report is a page, and Kubeflow got figures and a place."""
    (report,) = folder.rglob("data_report")
    _demand("<html" in report.read_text(encoding="utf-8")[:500].lower(), "the report is no page")
    (metrics,) = [json.loads(p.read_text()) for p in folder.rglob("metrics") if p.is_file()]
    _demand(any(name.endswith("auc") for name in metrics), f"no AUC among {metrics}")
    (curve,) = [json.loads(p.read_text()) for p in folder.rglob("classification") if p.is_file()]
    _demand(len(curve["confidenceMetrics"]) > 10, "the ROC curve has hardly a point")
    (place,) = [p.read_text() for p in folder.rglob("pushed_model") if p.is_file()]
    _demand(place.startswith("/tessera/serving/"), f"the pushed model is at {place!r}")


def _demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Failed(otherwise)


def main() -> int:
    """Runs the test; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.kubeflow.e2e")
    parser.add_argument("--kfp-python", type=Path, required=True)
    parser.add_argument("--image-python", required=True,
                        help="A Python 3.12; the image gets a copy of it.")
    parser.add_argument("--folder", type=Path, default=PROJECT / ".cache" / "kubeflow-e2e")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    install_missing()
    started = time.monotonic()
    try:
        with docker_engine(folder / "engine") as address, mariadb(run / "mariadb") as server:
            image = build_image(address, folder, PROJECT, arguments.image_python)
            print(f"image: {time.monotonic() - started:.0f} s", flush=True)
            scenario(Cluster(run, arguments.kfp_python, address, server), image, server, run)
    except (Failed, RuntimeError) as error:
        print(f"kubeflow-e2e: {error}", file=sys.stderr)
        return 1
    print(f"kubeflow-e2e: passed in {time.monotonic() - started:.0f} s; logs in {run / 'logs'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
