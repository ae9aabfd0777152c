"""The steps' own code, without containers: a planned run, its nodes, and what goes wrong."""

import json
import sys

import ml_metadata
import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.components.schema_gen.import_schema_gen import executor

from pipeline.cluster.options import PASSWORD_VARIABLE, Database
from pipeline.config import load_config
from pipeline.kubeflow import init_metadata, run_node, store
from pipeline.kubeflow.plan import load_plan
from pipeline.kubeflow.steps import read_steps, shape
from schemas import InputError, read_spec

_STATE = metadata_store_pb2.Execution


@pytest.fixture
def step(monkeypatch, capfd):
    """Runs a step's module; returns its exit code, stdout and stderr."""

    def run(module, *words):
        monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, words)])
        code = module.main()
        message = capfd.readouterr()
        return code, message.out, message.err

    return run


@pytest.fixture
def words(tiny_shop, ir):
    """Arguments of the first step, some of them changed."""

    def build(root, **changes):
        config = load_config(None, dataset="demo", data_dir=tiny_shop, root=root)
        given = {
            "root": root, "run-id": "run-1", "config": config.model_dump_json(exclude={"kubeflow"}),
            "spec": read_spec("demo").to_json(), "metadata": "{}", "shape": shape(read_steps(ir)),
            "data-dir": tiny_shop, "recipe": "flagship", "max-epochs": "0", "learning-rate": "0.0",
        } | {key.replace("_", "-"): value for key, value in changes.items()}
        return [word for key, value in given.items() for word in (f"--{key}", str(value))]

    return build


@pytest.fixture
def node(step, tmp_path):
    def run(name, run_id="run-1", *more):
        return step(run_node, "--root", tmp_path, "--node", name, "--run-id", run_id, *more)

    return run


def executions(root):
    database = ml_metadata.MetadataStore(store.connection(Database(), root))
    return database, database.get_executions()


def test_a_run_is_planned_and_its_nodes_run_once(step, words, node, tmp_path):
    code, out, err = step(init_metadata, *words(tmp_path))
    assert (code, err) == (0, "") and "Run run-1 is planned" in out
    code, out, _ = node("ImportSchemaGen.users")
    assert code == 0 and "ImportSchemaGen.users: done" in out and f"schema: {tmp_path}" in out
    assert node("ImportSchemaGen.users")[0] == 0, "the same run again is nothing to do"
    assert len(executions(tmp_path)[1]) == 1
    assert step(init_metadata, *words(tmp_path, run_id="run-2"))[0] == 0
    code, out, _ = node("ImportSchemaGen.users", "run-2")
    assert code == 0 and "ImportSchemaGen.users: cached" in out
    assert f"schema: {tmp_path}" in out


def test_a_killed_node_runs_again(step, words, node, tmp_path, monkeypatch):
    from deploy.kubeflow.e2e import running  # what the container test waits for before it kills

    step(init_metadata, *words(tmp_path))
    assert not running(executions(tmp_path)[0], "ImportSchemaGen.users")

    def killed(*_):
        raise KeyboardInterrupt  # no Exception: like a killed process, TFX writes nothing of it

    with monkeypatch.context() as patched:
        patched.setattr(executor.Executor, "Do", killed)
        with pytest.raises(KeyboardInterrupt):
            node("ImportSchemaGen.users")
    assert [e.last_known_state for e in executions(tmp_path)[1]] == [_STATE.RUNNING]
    assert running(executions(tmp_path)[0], "ImportSchemaGen.users")
    assert not running(executions(tmp_path)[0], "users")
    code, out, _ = node("ImportSchemaGen.users")
    assert code == 0
    assert "An earlier attempt at ImportSchemaGen.users was killed while it ran" in out
    assert [e.last_known_state for e in executions(tmp_path)[1]] == [_STATE.COMPLETE]
    assert not running(executions(tmp_path)[0], "ImportSchemaGen.users")


def test_a_failed_node_ends_in_its_own_error_and_runs_again(step, words, node, tmp_path):
    from components.sources.demo import DemoSizes, write_demo

    shop = tmp_path / "shop"
    write_demo(shop, DemoSizes(users=4, items=8, events=16))
    root = tmp_path
    assert step(init_metadata, *words(root, data_dir=shop))[0] == 0
    users = shop / "users.csv"
    whole = users.read_text(encoding="utf-8")
    users.unlink()
    code, _, err = node("CatalogGen")
    assert code == 2 and err.splitlines()[-1].startswith("tessera: CatalogGen failed: ")
    assert "users.csv" in err.splitlines()[-1]
    users.write_text(whole, encoding="utf-8")
    assert node("CatalogGen")[0] == 0, "the retry completes"


def test_parameters_of_a_run(tmp_path):
    text = load_config(None, dataset="demo", root=tmp_path).model_dump_json(exclude={"kubeflow"})
    given = init_metadata.run_config(text, "/r", "/d", "flagship", 3, 0.01)
    assert (str(given.root), str(given.data_dir)) == ("/r", "/d")
    assert (given.recipe.training.max_epochs, given.recipe.training.learning_rate) == (3, 0.01)
    same = init_metadata.run_config(text, "/r", "/d", "flagship", 0, 0.0)
    assert same.recipe.training.max_epochs == load_config(None, dataset="demo").recipe \
        .training.max_epochs
    other = tmp_path / "mine.yaml"
    other.write_text("description: mine\ntasks:\n  retrieval: {head: retrieval}\n"
                     "training: {max_epochs: 7}\n")
    result = init_metadata.run_config(text, "/r", "/d", str(other), 0, 0.5)
    assert (result.recipe_name, result.recipe.training.max_epochs) == ("mine", 7)
    assert result.pipeline_name == "demo-mine-1"


@pytest.mark.parametrize(("recipe", "epochs", "rate", "message"), [
    ("magic", 0, 0.0, "Unknown recipe 'magic'"), ("flagship", -1, 0.0, "max_epochs is -1"),
    ("flagship", 0, -0.1, "learning_rate -0.1"),
])
def test_parameters_that_are_wrong(tmp_path, recipe, epochs, rate, message):
    text = load_config(None, dataset="demo", root=tmp_path).model_dump_json(exclude={"kubeflow"})
    with pytest.raises(InputError, match=message):
        init_metadata.run_config(text, "/r", "/d", recipe, epochs, rate)


@pytest.mark.parametrize(("changes", "message"), [
    ({"data_dir": "/nowhere"}, "/nowhere"),
    ({"shape": "0123"}, "has other steps than the submitted file. Compile the file again"),
    ({"run_id": "../x"}, "is no run id"),
])
def test_a_run_that_cannot_be_planned(step, words, tmp_path, changes, message):
    code, _, err = step(init_metadata, *words(tmp_path, **changes))
    assert code == 2 and err.startswith("tessera: init-metadata failed: ") and message in err
    assert err.count("\n") == 1


def test_a_missing_secret_ends_the_first_step(step, words, tmp_path, monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    database = {"kind": "mysql", "host": "127.0.0.1", "user": "u",
                "password": {"secret": "tessera-db", "key": "password"}}
    code, _, err = step(init_metadata, *words(tmp_path, metadata=json.dumps(database)))
    assert code == 2 and f"{PASSWORD_VARIABLE} is not set" in err


def test_no_password_is_written_down(step, words, tmp_path, monkeypatch):
    step(init_metadata, *words(tmp_path))
    monkeypatch.setenv(PASSWORD_VARIABLE, "hunter2")
    text = load_plan(tmp_path, "run-1").SerializeToString()
    assert b"hunter2" not in text and b"metadata.sqlite" in text


def test_a_root_that_is_a_file(step, words, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = step(init_metadata, *words(tmp_path / "file"))
    assert code == 2 and f"Cannot write to {tmp_path / 'file'}" in err and "runs as user" in err
