"""What killed runs leave: executions that nobody finishes."""

from pathlib import Path

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline.local import settle

STATE = metadata_store_pb2.Execution


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
