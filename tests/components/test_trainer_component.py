"""Trainer and Exporter as TFX components: what their executors read, and their cache keys."""

import json
from pathlib import Path

import pytest
from artifacts import SPLITS, transformed
from tfx.types import channel

from components import code_digest as digests
from components.code_digest import code_digest
from components.exporter.component import Exporter
from components.trainer import component
from components.trainer.component import Trainer, TrainerSpec
from trainer.modalities import files_of

TRAINER = "components.trainer.component", *files_of("tower")
TUNER = "components.tuner.component", *files_of("tower")
EXPORTER = "components.exporter.component", *files_of("tower", "explain", "readable")

ROOT = Path(digests.__file__).parents[1]


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
    monkeypatch.setattr(component, "read_given", lambda *given: given)
    return component.given(transformed(tmp_path), dict(trainer.exec_properties))


def test_training_is_given_all_three_tables(asked, trainer, tmp_path):
    config, files, transforms, encodings, code = asked
    assert config == {"spec": {}, "recipe": {}, "seed": 3}
    assert code == trainer.exec_properties["code_digest"]
    assert {side: list(of_side) for side, of_side in files.items()} == SPLITS
    assert files["interactions"]["test"] == [
        str(tmp_path / "interactions" / "Split-test" / f"data_tfrecord-{i}.gz") for i in (0, 1)]
    assert transforms == {side: str(tmp_path / f"{side}_graph") for side in SPLITS}
    assert encodings is None


def test_the_cache_keys_hold_the_code_that_runs(trainer):
    assert trainer.exec_properties["code_digest"] == code_digest(*TRAINER)
    assert json.loads(trainer.exec_properties["custom_config"])["seed"] == 3
    exporter = Exporter(trainer)
    assert exporter.exec_properties["code_digest"] == code_digest(*EXPORTER)
    assert exporter.exec_properties["custom_config"] == trainer.exec_properties["custom_config"]
    assert set(exporter.inputs) == {*trainer.inputs, "weights"}


@pytest.fixture
def reached(monkeypatch):
    """The files that a digest of modules reads, from the project's root."""
    read = digests._read

    def reached(*modules: str) -> set[str]:
        files = set()

        def noted(path, *others):
            files.add(path.relative_to(ROOT).as_posix())
            return read(path, *others)

        monkeypatch.setattr(digests, "_read", noted)
        code_digest(*modules)
        return files

    return reached


@pytest.mark.parametrize("edited", ["trainer/tasks/binary.py", "trainer/layers/towers.py",
                                    "trainer/recipe/recipe.py"])
def test_encoders_know_neither_tasks_nor_towers(edited, reached):
    assert (ROOT / edited).is_file()
    read = reached("components.media_encoder.component")
    assert "trainer/encoders/encoder.py" in read and edited not in read


@pytest.mark.parametrize("modules", [TRAINER, TUNER], ids=["Trainer", "Tuner"])
def test_training_does_not_depend_on_the_export(modules, reached):
    read = reached(*modules)
    assert "trainer/late_fusion/job.py" in read
    assert not [file for file in read if file.startswith(("trainer/export/", "serving/"))]
