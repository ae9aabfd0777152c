"""The Trainer as a TFX component: its executor's arguments and its cache key."""

import json
from pathlib import Path

import pytest
from tfx.types import artifact_utils, channel, standard_artifacts

from components import code_digest as digests
from components.artifacts import Answers
from components.code_digest import code_digest
from components.trainer.component import Trainer, TrainerSpec
from components.trainer.executor import Executor

SPLITS = {"users": ["all"], "items": ["all"], "interactions": ["train", "validation", "test"]}


@pytest.fixture
def trainer():
    channels = {
        name: channel.Channel(type=parameter.type)
        for name, parameter in TrainerSpec.INPUTS.items()
    }
    return Trainer({"spec": {}, "recipe": {}, "seed": 3}, **channels)


@pytest.fixture
def fn_args(trainer, tmp_path):
    inputs, outputs = {}, {}
    for side, splits in SPLITS.items():
        examples = standard_artifacts.Examples()
        examples.uri = str(tmp_path / side)
        examples.split_names = artifact_utils.encode_split_names(splits)
        for split in splits:
            folder = tmp_path / side / f"Split-{split}"
            folder.mkdir(parents=True)
            for shard in (1, 0):
                (folder / f"data_tfrecord-{shard}.gz").touch()
        graph = standard_artifacts.TransformGraph()
        graph.uri = str(tmp_path / f"{side}_graph")
        inputs |= {side: [examples], f"{side}_graph": [graph]}
    for name, kind in (("model", standard_artifacts.Model), ("answers", Answers),
                       ("model_run", standard_artifacts.ModelRun)):
        artifact = kind()
        artifact.uri = str(tmp_path / name)
        outputs[name] = [artifact]
    properties = dict(trainer.exec_properties)
    return Executor()._GetFnArgs(inputs, outputs, properties)


def test_the_run_function_gets_all_three_tables(fn_args, tmp_path):
    assert {side: list(files) for side, files in fn_args.tables.items()} == SPLITS
    assert fn_args.tables["interactions"]["test"] == [
        str(tmp_path / "interactions" / "Split-test" / f"data_tfrecord-{i}.gz") for i in (0, 1)]
    assert fn_args.transforms == {side: str(tmp_path / f"{side}_graph") for side in SPLITS}
    assert fn_args.answers_dir == str(tmp_path / "answers")


def test_the_run_function_gets_the_configuration_and_its_own_digest(fn_args, trainer):
    assert fn_args.custom_config == {"spec": {}, "recipe": {}, "seed": 3}
    assert fn_args.code_digest == trainer.exec_properties["code_digest"]
    assert trainer.exec_properties["run_fn"] == "trainer.run.run_fn"


def test_the_cache_key_holds_the_code_that_runs(trainer):
    assert trainer.exec_properties["code_digest"] == code_digest(
        "components.trainer.executor", "trainer.run")
    assert json.loads(trainer.exec_properties["custom_config"])["seed"] == 3


@pytest.mark.parametrize(("edited", "changes"), [
    ("trainer/layers/towers.py", True), ("trainer/fit.py", True), ("trainer/export/save.py", True),
    ("components/trainer/executor.py", True), ("schemas/reader.py", True),
    ("components/gate/executor.py", False), ("pipeline/run.py", False),
    ("serving/server.py", False),
])
def test_an_edit_of_what_it_runs_changes_the_key(edited, changes, tmp_path, monkeypatch):
    root = Path(digests.__file__).parents[1]
    for package in ("schemas", "components", "trainer", "pipeline", "serving"):
        for file in (root / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    monkeypatch.setattr(digests, "_ROOT", tmp_path)
    modules = ("components.trainer.executor", "trainer.run")
    before = code_digest(*modules)
    with (tmp_path / edited).open("a") as file:
        file.write("_EDITED = True\n")
    assert (code_digest(*modules) != before) == changes
