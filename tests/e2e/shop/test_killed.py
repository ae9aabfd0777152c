"""SIGKILL in each node of a run, at several moments; what the next run makes of it.

`killed_runs.py` does it in processes of its own, one kill after another under one root; the tests
look at the metadata and files that are left, and at the last run, which came to its end.
"""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import tensorflow as tf
from e2e_project import Project, Run, connection
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from schemas import SIDES
from serving.model_config import versions

# What it shows of each part, the tests of checkpoints (trainer/test_fit), of abandoned executions
# (pipeline/test_abandoned), of Pusher and of the server's launch show in seconds.
pytestmark = pytest.mark.slow
RESOLVERS = ("baseline_model", "past_data")
STATE = metadata_store_pb2.Execution
EVENT = metadata_store_pb2.Event
_TESTS = Path(__file__).parents[2]
# These come to the same without rounding; what TensorFlow computes may differ in the last digit.
DATA = ["CatalogGen", *(f"Transform.{side}" for side in SIDES)]


class Killed:
    """What `killed_runs.py` left.

    Attributes:
      project: The shop and its root.
      attempts: What each killed run was told to have come to.
      last: The last run.
      executions: By run and node, the execution.
    """

    def __init__(self, folder: Path):
        done = subprocess.run(
            [sys.executable, str(_TESTS / "killed_runs.py"), str(folder)], text=True,
            stderr=subprocess.STDOUT, stdout=subprocess.PIPE, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_TESTS.parent), str(_TESTS)])})
        assert done.returncode == 0, done.stdout[-3000:]
        lines = (folder / "killed.jsonl").read_text(encoding="utf-8").splitlines()
        *self.attempts, self.last = map(json.loads, lines)
        self.output = done.stdout[-3000:]
        self.project = Project(folder)
        self.store = MetadataStore(connection(self.project.root))
        self.executions = self._executions()
        self.order = list(self.run.metrics["cached"])

    @property
    def run(self) -> Run:
        folder = self.project.root / "runs" / self.last["run"]
        return Run(self.last["status"], folder, "", self.last["seconds"])

    def _executions(self) -> dict[str, dict[str, metadata_store_pb2.Execution]]:
        kinds = {kind.id: kind.name for kind in self.store.get_context_types()}
        result: dict[str, dict[str, metadata_store_pb2.Execution]] = {}
        for execution in self.store.get_executions():
            names = {kinds[context.type_id]: context.name
                     for context in self.store.get_contexts_by_execution(execution.id)}
            node = names["node"].removeprefix(f"{names['pipeline']}.")
            result.setdefault(names["pipeline_run"], {})[node] = execution
        return result

    def epochs(self) -> dict[str, list[tuple[str, int]]]:
        """Fit and number of the epochs that began, by the node and moment of the kill."""
        result: dict[str, list[tuple[str, int]]] = {}
        for line in (self.project.folder / "epochs.jsonl").read_text("utf-8").splitlines():
            run, fit, epoch = json.loads(line)
            result.setdefault(run, []).append((fit, epoch))
        return result


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Kills in all nodes at all moments."""
    return Killed(tmp_path_factory.mktemp("killed"))


def test_each_was_killed_and_the_last_run_came_to_its_end(killed):
    assert {attempt["status"] for attempt in killed.attempts} == {-9}, killed.output
    assert {attempt["node"] for attempt in killed.attempts} == set(killed.order)
    assert killed.last["status"] == 0
    assert killed.run.metrics["blessed"] is True


def test_finished_nodes_come_from_the_cache_and_the_killed_one_runs_again(killed):
    finished: set[str] = set()
    for attempt in [*killed.attempts, killed.last]:
        ended = attempt["node"] or "nobody"
        for node in killed.order:
            if node == ended:
                break
            state = killed.executions[attempt["run"]][node].last_known_state
            if node in finished and node not in RESOLVERS:  # they look anew
                assert state == STATE.CACHED, (attempt, node)
            else:
                assert state == STATE.COMPLETE, (attempt, node)
            finished.add(node)
        after = killed.order[killed.order.index(ended) + 1 :] if attempt["node"] else []
        assert not set(after) & killed.executions[attempt["run"]].keys(), attempt
    assert finished == set(killed.order)


def test_killed_executions_are_marked_as_failed_and_leave_nothing(killed):
    artifacts = killed.project.root / "artifacts"
    failed = 0
    for attempt in killed.attempts:
        execution = killed.executions[attempt["run"]].get(attempt["node"])
        if execution is None:  # a resolver, before it told of itself
            assert attempt["node"] in RESOLVERS and attempt["moment"] == "begun"
            continue
        assert execution.last_known_state == STATE.FAILED
        assert not list(artifacts.glob(f"*/*/*/{execution.id}"))
        failed += 1
    states = Counter(execution.last_known_state for execution in killed.store.get_executions())
    assert states.keys() == {STATE.COMPLETE, STATE.CACHED, STATE.FAILED}
    assert states[STATE.FAILED] == failed


def test_nothing_uses_what_a_killed_execution_made(killed):
    store = killed.store
    executions = {one.id: one for one in store.get_executions()}
    artifacts = {one.id: one for one in store.get_artifacts()}
    events = store.get_events_by_execution_ids(list(executions))
    makers: dict[int, set[int]] = {}
    for event in events:
        if event.type == EVENT.OUTPUT:
            makers.setdefault(event.artifact_id, set()).add(
                executions[event.execution_id].last_known_state)
    inputs = {event.artifact_id for event in events if event.type == EVENT.INPUT}
    assert len(inputs) > 20
    for number in inputs:
        artifact = artifacts[number]
        assert artifact.state == metadata_store_pb2.Artifact.LIVE, artifact.uri
        assert STATE.COMPLETE in makers[number] <= {STATE.COMPLETE, STATE.CACHED}, artifact.uri
        assert Path(artifact.uri).exists()


def records(folder: Path) -> Counter:
    """Digests of what is in the TFRecords under a folder, by split."""
    result: Counter = Counter()
    for path in folder.glob("Split-*/*.gz"):
        with gzip.open(path) as file:
            while header := file.read(12):
                row = file.read(int.from_bytes(header[:8], "little") + 4)[:-4]
                # Transform writes an Example's features in any order.
                row = tf.train.Example.FromString(row).SerializeToString(deterministic=True)
                result[path.parent.name, hashlib.sha256(row).hexdigest()] += 1
    return result


@pytest.mark.parametrize("component", DATA)
def test_data_are_those_of_an_undisturbed_run(killed, first, component):
    ours, theirs = (run.outputs(component) for run in (killed.run, first))
    assert ours.keys() == theirs.keys()
    rows = {key: records(Path(ours[key])) for key in ours}
    assert any(rows.values())
    assert rows == {key: records(Path(theirs[key])) for key in theirs}


def test_the_model_is_that_of_an_undisturbed_run(killed, first):
    ours, theirs = killed.run.metrics, first.metrics
    assert ours["training"]["validation_ndcg@10"] == pytest.approx(
        theirs["training"]["validation_ndcg@10"], abs=1e-4)
    for key in ("ranking", "tasks"):
        for name, figures in theirs[key].items():
            assert ours[key][name] == pytest.approx(figures, abs=1e-3), name
    assert ours["parameters"] == theirs["parameters"]


def test_training_goes_on_where_it_was(killed):
    epochs = killed.epochs()
    first = [("first", epoch) for epoch in range(4)]
    second = [("second", epoch) for epoch in range(killed.run.metrics["training"]["epochs"])]
    # By a clock, at the first byte of output: the last epoch's state may have been saved by then.
    begun = epochs.pop("Trainer begun", [])
    assert begun == first[: len(begun)] and len(begun) < 3
    resumed = epochs.pop("Trainer first fit")
    assert resumed in (first[max(len(begun) - 1, 0) : 3], first[len(begun) : 3])
    assert epochs.pop("Trainer second fit") == [*first[2:], second[0]]
    assert epochs.pop("Trainer done") == second
    # Killed when all was done: the states were gone by then.
    assert list(epochs.values()) == [[*first, *second]]
    checkpoints = killed.project.root / "artifacts" / "demo-small-1" / "Trainer" / "model_run"
    assert not list((checkpoints / "checkpoints").iterdir())


def test_the_server_went_with_the_run(killed):
    (attempt,) = (one for one in killed.attempts if one["moment"] == "serving")
    assert attempt["server"] is False


def test_half_a_pushed_version_was_never_shown(killed):
    pushes = [one for one in killed.attempts if one["node"] == "Pusher"]
    assert "copying" in [one["moment"] for one in pushes]
    assert not any(one["versions"] or one["served"] for one in killed.attempts
                   if one["moment"] != "done" or one["node"] != "Pusher")
    assert len(killed.last["versions"]) == 1
    assert pushes[-1]["moment"] == "done"  # pushed, but not recorded: nothing is pushed anew
    assert pushes[-1]["versions"] == killed.last["versions"]
    assert killed.last["served"] == "demo-small-1"
    assert list(killed.project.served.iterdir()) == list(versions(killed.project.served).values())


def test_no_killed_run_is_the_latest(killed):
    latest = killed.project.root / "runs" / "latest"
    assert latest.resolve().name == killed.last["run"]
    assert (latest / "metrics.json").exists() and (latest / "data_report.html").exists()
