"""Trainer and Exporter as TFX components: what their executors read, and their cache keys."""

import json
from pathlib import Path

import pytest
from tfx.types import artifact_utils, channel, standard_artifacts

from components import code_digest as digests
from components.code_digest import code_digest
from components.exporter.component import Exporter
from components.trainer import component
from components.trainer.component import Trainer, TrainerSpec
from trainer.modalities import files_of

SPLITS = {"users": ["all"], "items": ["all"], "interactions": ["train", "validation", "test"]}
TRAINER = "components.trainer.component", *files_of("tower")
EXPORTER = "components.exporter.component", *files_of("tower", "explain", "readable")


@pytest.fixture
def trainer():
    channels = {
        name: channel.Channel(type=parameter.type)
        for name, parameter in TrainerSpec.INPUTS.items()
    }
    return Trainer({"spec": {}, "recipe": {}, "seed": 3}, **channels)


@pytest.fixture
def asked(trainer, tmp_path, monkeypatch):
    """What the Trainer's artifacts and parameters come to, before anything is parsed."""
    inputs = {}
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
    monkeypatch.setattr(component, "read_given", lambda *given: given)
    return component.given(inputs, dict(trainer.exec_properties))


def test_training_is_given_all_three_tables(asked, tmp_path):
    _, files, transforms, encodings, _ = asked
    assert {side: list(of_side) for side, of_side in files.items()} == SPLITS
    assert files["interactions"]["test"] == [
        str(tmp_path / "interactions" / "Split-test" / f"data_tfrecord-{i}.gz") for i in (0, 1)]
    assert transforms == {side: str(tmp_path / f"{side}_graph") for side in SPLITS}
    assert encodings is None


def test_training_is_given_the_configuration_and_the_digest(asked, trainer):
    config, *_, code = asked
    assert config == {"spec": {}, "recipe": {}, "seed": 3}
    assert code == trainer.exec_properties["code_digest"]


def test_the_cache_keys_hold_the_code_that_runs(trainer):
    assert trainer.exec_properties["code_digest"] == code_digest(*TRAINER)
    assert json.loads(trainer.exec_properties["custom_config"])["seed"] == 3
    exporter = Exporter(trainer)
    assert exporter.exec_properties["code_digest"] == code_digest(*EXPORTER)
    assert exporter.exec_properties["custom_config"] == trainer.exec_properties["custom_config"]
    assert set(exporter.inputs) == {*trainer.inputs, "weights"}


@pytest.mark.parametrize(("edited", "changed"), [
    ("trainer/layers/towers.py", {TRAINER, EXPORTER}),
    ("trainer/training/fit.py", {TRAINER, EXPORTER}),
    ("schemas/reader.py", {TRAINER, EXPORTER}),
    ("components/trainer/component.py", {TRAINER, EXPORTER}),
    ("trainer/export/save.py", {EXPORTER}), ("trainer/export/predictions.py", {EXPORTER}),
    ("trainer/export/run.py", {EXPORTER}), ("components/exporter/component.py", {EXPORTER}),
    ("trainer/modalities/image/tower.py", {TRAINER, EXPORTER}),
    ("trainer/modalities/image/explain.py", {EXPORTER}),
    ("trainer/modalities/image/encode.py", set()),
    ("components/gate/component.py", set()), ("pipeline/run.py", set()),
    ("serving/server.py", set()),
])
def test_an_edit_changes_the_keys_of_what_runs_it(edited, changed, tmp_path, monkeypatch):
    root = Path(digests.__file__).parents[1]
    for package in ("schemas", "components", "trainer", "pipeline", "serving"):
        for file in (root / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    monkeypatch.setattr(digests, "_ROOT", tmp_path)
    before = {modules: code_digest(*modules) for modules in (TRAINER, EXPORTER)}
    with (tmp_path / edited).open("a") as file:
        file.write("_EDITED = True\n")
    assert {module for module in before if code_digest(*module) != before[module]} == changed


@pytest.mark.parametrize("edited", ["trainer/tasks/binary.py", "trainer/layers/towers.py",
                                    "trainer/recipe/recipe.py"])
def test_encoders_know_neither_tasks_nor_towers(edited, tmp_path, monkeypatch):
    root = Path(digests.__file__).parents[1]
    assert (root / edited).is_file()
    reached = set()
    read = digests._read

    def noted(path, changed):
        reached.add(path.relative_to(root).as_posix())
        return read(path, changed)

    monkeypatch.setattr(digests, "_read", noted)
    code_digest("components.media_encoder.component")
    assert "trainer/encoders/encoder.py" in reached and edited not in reached
