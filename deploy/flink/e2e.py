"""The demo on Flink: equal artifacts, killed processes, our errors; run by `make flink-e2e`.

Nothing of it is a mock: Flink and Beam's job service from their jars, Python workers of the
project's environment, and the `tessera` command.
"""

import gzip
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import yaml

import pipeline.process  # noqa: F401  (before TensorFlow)
from deploy.flink.cluster import BEAM, Cluster, standalone
from deploy.flink.run import PROCESSES, PROJECT, Run, demand, main
from pipeline.prune import delete, plan

_BEAM_STEPS = ("CatalogGen", "StatisticsGen", "Transform", "Evaluator")
_LAST_OF_DATA = ("Transform.users", "Transform.items", "Transform.interactions")
_OWN = PROJECT / "docs" / "your-data"


def scenario(jars: Path, folder: Path) -> None:
    """Plays the scenario.

    Args:
      jars: The folder of the jars.
      folder: An empty folder.

    Raises:
      Failed: Something is not as it must be.
    """
    here, there = folder / "direct", folder / "flink"
    direct = _demo(folder, "direct", {}, here)
    direct.until_ran(*_LAST_OF_DATA)
    with standalone(jars, folder / "cluster") as cluster:
        runs = [_killed_workers(cluster, folder, there),
                _killed_job_service(cluster, folder, there),
                _demo(folder, "flink", BEAM, there)]
        runs[-1].end(0)
        demand(len(list(there.glob("serving/*/*/saved_model.pb"))) == 1, "no model was pushed")
        _whole(there)
        damaged = _damaged(folder)
        messages = {_our_error(folder, damaged, "flink", BEAM)}
        cluster.end("TaskManager")
        full = _demo(folder, "full", BEAM, folder / "full", here)
        # Meanwhile the same model on this machine: another limit makes Evaluator run again.
        evaluated = _demo(folder, "evaluated", {}, there, checks={"max_error_increase": 0.021})
        evaluated.until_ran("Evaluator")
        messages |= {_our_error(folder, damaged, name, beam)
                     for name, beam in (("direct", {}), ("processes", PROCESSES))}
        demand(len(messages) == 1, f"the messages differ: {messages}")
        full.end(1, "error[beam-job-failed]")
    away = {**BEAM, "options": {**BEAM["options"], "job_server_timeout": 5}}
    _demo(folder, "away", away, folder / "away", here).end(1, "error[job-service-away]")
    _embedded(jars, folder, here)
    _table(here, there, folder / "embedded")
    _times([direct, evaluated], runs)
    left = [path for place in ("tmp", "cluster/tmp", "embedded-cluster/tmp")
            for path in (folder / place).rglob("*") if path.is_file()]
    print(f"\nTemporary files that are left: {len(left)}")
    demand(not left, "\n".join(map(str, left)))


def _demo(folder: Path, name: str, beam: dict[str, Any], root: Path, data: Path | None = None,
          **more: Any) -> Run:
    """Starts a run of the demo, whose data another root may have.

    The recipe has the flagship's modalities and tasks without its network, which no Beam step
    trains.
    """
    if data is not None:
        more["data_dir"] = str(data / "data" / "demo")
    return Run(folder, name, dataset="demo", recipe="closed_form", root=str(root), beam=beam,
               **more)


def _job(run: Run, cluster: Cluster, number: int) -> None:
    """Waits until a run's job of this number works."""
    run.until(lambda: len(_beam_steps(run)) >= number - 1 and cluster.working(), f"job {number}")


def _killed_workers(cluster: Cluster, folder: Path, root: Path) -> Run:
    """A job goes on when another TaskManager comes; without workers it is one message."""
    run = _demo(folder, "workers-killed", BEAM, root)
    _job(run, cluster, 2)
    cluster.end("TaskManager", signal.SIGKILL)
    cluster.start_task_manager()
    _job(run, cluster, 3)
    cluster.end("pool", signal.SIGKILL)
    run.end(1, "error[beam-job-failed]")
    cluster.start_pool()
    # A connection that is lost may have ended it, by the option FAIL: Kubernetes starts another.
    cluster.end("TaskManager")
    cluster.start_task_manager()
    return run


def _killed_job_service(cluster: Cluster, folder: Path, root: Path) -> Run:
    """A run whose job service was killed says so."""
    run = _demo(folder, "job-service-killed", BEAM, root)
    _job(run, cluster, 1)
    cluster.end("job-service", signal.SIGKILL)
    run.end(1, "error[job-service-lost]")
    cluster.start_job_service()
    return run


def _damaged(folder: Path) -> dict[str, Any]:
    """Returns the configuration of the example of docs/your-data with a file that is cut off."""
    data = folder / "damaged"
    shutil.copytree(_OWN, data)
    rows = "".join(f"north,{user},b1,2024-05-01T10:00:00Z,borrow,5\n" for user in range(90_000))
    header = (data / "events-2024.csv").read_text(encoding="utf-8").splitlines()[0]
    whole = gzip.compress(f"{header}\n{rows}".encode())
    (data / "events-2026.csv.gz").write_bytes(whole[: len(whole) * 9 // 10])
    given = yaml.safe_load((data / "my.yaml").read_text(encoding="utf-8"))
    given["source"]["interactions"]["files"] = "events-*"
    return given | {"data_dir": str(data), "schemas": str(data / "schemas"),
                    "recipe": str(data / "tiny.yaml")}


def _our_error(folder: Path, given: dict[str, Any], name: str, beam: dict[str, Any]) -> str:
    """Returns what is said of what a worker finds wrong."""
    run = Run(folder, f"damaged-{name}", **given, root=str(folder / "roots" / name), beam=beam)
    run.end(2, "error[damaged-text-file]")
    return run.output().strip().splitlines()[-1]


def _embedded(jars: Path, folder: Path, here: Path) -> None:
    """Flink within the job service, and workers that are processes, of which one is killed."""
    options = {**BEAM["options"], "parallelism": 1, "environment_type": "PROCESS",
               "environment_cache_millis": 60000}
    del options["environment_config"]
    with Cluster(jars, folder / "embedded-cluster") as cluster:
        cluster.start_job_service("[local]")
        run = _demo(folder, "embedded", {"runner": "flink", "options": options},
                    folder / "embedded", here)
        run.until(lambda: bool(cluster.workers()), "a worker")
        cluster.workers()[0].kill()
        run.until_ran("CatalogGen")


def _whole(root: Path) -> None:
    """Nothing that a failed step made is left, and no files in between.

    A job whose service was killed goes on, and writes what no step takes: `tessera prune` has it.
    """
    delete(root, plan(root, keep=10, days=None, keep_versions=None, now=time.time()))
    for step in _BEAM_STEPS:
        for output in root.glob(f"artifacts/*/{step}*/*"):
            made = [one for one in output.iterdir() if one.name.isdigit()]
            demand(output.name.startswith(".") or len(made) == 1, f"{output} has {made}")
    between = [path for name in ("beam-temp*", ".temp*", ".ingest-*")
               for path in root.glob(f"artifacts/**/{name}")]
    demand(not between, f"files in between are left: {between}")


def _table(here: Path, there: Path, embedded: Path) -> None:
    from deploy.flink.equal import compare, metrics_differ, output

    rows = compare(here, there)
    rows += [(f"{name}, embedded", what, equal)
             for name, what, equal in compare(here, embedded, "CatalogGen")]
    evaluations = [output(there, "Evaluator", "evaluation", which) for which in (0, 1)]
    rows.append(("Evaluator.evaluation", "all figures, same model",
                 not metrics_differ(*evaluations)))
    print(f"\n{'artifact':<45} {'what is compared':<30} equal")
    for name, what, equal in rows:
        print(f"{name:<45} {what:<30} {'yes' if equal else 'NO'}")
    demand(all(equal for *_, equal in rows), "artifacts differ")


def _beam_steps(run: Run) -> dict[str, float]:
    return {node: seconds for node, seconds in run.seconds().items()
            if node.split(".")[0] in _BEAM_STEPS}


def _times(direct: list[Run], flink: list[Run]) -> None:
    print(f"\n{'seconds':<30} {'direct':>8} {'flink':>8}  in the run")
    here = {node: seconds for run in direct for node, seconds in _beam_steps(run).items()}
    for run in flink:
        for node, seconds in _beam_steps(run).items():
            print(f"{node:<30} {here[node]:8.1f} {seconds:8.1f}  {run.name}")


if __name__ == "__main__":
    sys.exit(main("deploy.flink.e2e", scenario))
