"""What killed runs leave: executions that nobody finishes, metadata in the middle of a write."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline.local import settle
from pipeline.root import require_usable

STATE = metadata_store_pb2.Execution
_ROOT = Path(__file__).parents[2]


def connect(path: Path) -> MetadataStore:
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    return MetadataStore(config)


@pytest.fixture
def store(tmp_path):
    return connect(tmp_path / "metadata.sqlite")


@pytest.fixture
def add(store, tmp_path):
    """Adds an execution of a node with files of its outputs; returns its id."""
    types = {name: store.put_context_type(metadata_store_pb2.ContextType(name=name))
             for name in ("pipeline", "pipeline_run", "node")}
    kind = store.put_execution_type(metadata_store_pb2.ExecutionType(name="work"))

    def add(node: str, state, pipeline="shop-small-1", key="examples") -> int:
        contexts = [
            metadata_store_pb2.Context(type_id=types[name], name=value) for name, value in (
                ("pipeline", pipeline), ("pipeline_run", "20240101-000000"),
                ("node", f"{pipeline}.{node}"))]
        number, _, _ = store.put_execution(
            metadata_store_pb2.Execution(type_id=kind, last_known_state=state), [], contexts,
            reuse_context_if_already_exist=True)
        for folder in (key, ".system/executor_execution"):
            output = tmp_path / pipeline / node / folder / str(number) / "part"
            output.parent.mkdir(parents=True)
            output.write_bytes(b"half")
        return number

    return add


def states(store) -> dict[int, int]:
    return {one.id: one.last_known_state for one in store.get_executions()}


def test_executions_that_nobody_finishes_fail_and_leave_nothing(store, add, tmp_path):
    ended = {state: add("StatisticsGen.users", state)
             for state in (STATE.COMPLETE, STATE.CACHED, STATE.FAILED)}
    left = [add("StatisticsGen.users", STATE.RUNNING), add("Trainer", STATE.NEW, key="model_run")]
    checkpoint = tmp_path / "shop-small-1" / "Trainer" / "model_run" / "checkpoints" / "2.state"
    checkpoint.parent.mkdir()
    checkpoint.touch()

    settle(store, "shop-small-1", tmp_path / "shop-small-1")

    assert states(store) == {number: state for state, number in ended.items()} | dict.fromkeys(
        left, STATE.FAILED)
    there = {path.name for path in tmp_path.glob("shop-small-1/*/*/*")}
    assert there == {*map(str, ended.values()), "checkpoints"} | {
        path.name for path in tmp_path.glob("shop-small-1/*/.system/*")}
    system = {path.name for path in tmp_path.glob("shop-small-1/*/.system/executor_execution/*")}
    assert system == {*map(str, ended.values())}
    assert checkpoint.exists()


def test_other_pipelines_may_be_under_way(store, add, tmp_path):
    other = add("Trainer", STATE.RUNNING, pipeline="shop-large-1")
    add("Trainer", STATE.RUNNING)
    settle(store, "shop-small-1", tmp_path / "shop-small-1")
    assert states(store)[other] == STATE.RUNNING
    assert (tmp_path / "shop-large-1" / "Trainer" / "examples" / str(other) / "part").exists()


def test_a_step_may_have_its_outputs_in_the_dataset_s_folder(store, add, tmp_path):
    left = add("CatalogGen", STATE.RUNNING)
    kept = add("CatalogGen", STATE.COMPLETE)
    (tmp_path / "shop-small-1").rename(tmp_path / "shop")
    settle(store, "shop-small-1", tmp_path / "shop-small-1", tmp_path / "shop")
    assert states(store) == {left: STATE.FAILED, kept: STATE.COMPLETE}
    assert {path.name for path in tmp_path.glob("shop/*/examples/*")} == {str(kept)}


_WRITER = """
import sys
from pathlib import Path
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as proto
config = proto.ConnectionConfig()
config.sqlite.filename_uri = sys.argv[1]
store = MetadataStore(config)
kind = store.put_execution_type(proto.ExecutionType(name="work"))
made = store.put_artifact_type(proto.ArtifactType(name="made"))
while True:
    number, _, _ = store.put_execution(proto.Execution(type_id=kind), [], [])
    print(number, flush=True)
    (execution,) = store.get_executions_by_id([number])
    execution.last_known_state = proto.Execution.COMPLETE
    outputs = [(proto.Artifact(type_id=made, uri=f"{number}/{i}", state=proto.Artifact.LIVE),
                proto.Event(type=proto.Event.OUTPUT)) for i in range(20)]
    store.put_execution(execution, outputs, [])
"""


def test_metadata_are_whole_after_a_kill_in_the_middle_of_a_write(tmp_path):
    """An execution is complete with all its outputs, or is not complete and has none."""
    path = tmp_path / "metadata.sqlite"
    for kills in (1, 2, 5):
        with subprocess.Popen([sys.executable, "-c", _WRITER, path], cwd=_ROOT, text=True,
                              stdout=subprocess.PIPE) as writer:
            for _ in range(kills):  # each time it dies while it writes another execution's outputs
                writer.stdout.readline()
            os.kill(writer.pid, signal.SIGKILL)
        require_usable(tmp_path)
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        store = connect(path)
        result = {number: (state, 0) for number, state in states(store).items()}
        for event in store.get_events_by_execution_ids(list(result)):
            state, outputs = result[event.execution_id]
            result[event.execution_id] = state, outputs + 1
        assert set(result.values()) <= {(STATE.COMPLETE, 20), (STATE.UNKNOWN, 0)}
        assert sum(outputs for _, outputs in result.values()) == len(store.get_artifacts())
    assert (STATE.UNKNOWN, 0) in result.values(), "no kill came in between"
