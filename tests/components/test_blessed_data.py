"""The past that data are compared with, resolved by TFX itself in small pipelines."""

import json
from pathlib import Path

import pytest
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.types.standard_artifacts import ModelBlessing

from components import blessed_data
from components.artifacts import DataProfile


@component
def Profiler(profile: OutputArtifact[DataProfile], name: Parameter[str], dataset: Parameter[str]):
    Path(profile.uri).mkdir(parents=True, exist_ok=True)
    (Path(profile.uri) / "name").write_text(name)
    profile.set_string_custom_property("dataset", dataset)


@component
def Validator(profile: InputArtifact[DataProfile], log: Parameter[str],
              past: InputArtifact[DataProfile] = None):
    name = (Path(past.uri) / "name").read_text() if past else None
    with open(log, "a") as file:
        file.write(json.dumps(name) + "\n")


@component
def Gate(profile: InputArtifact[DataProfile], blessing: OutputArtifact[ModelBlessing],
         blesses: Parameter[int]):
    blessing.set_int_custom_property("blessed", blesses)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the pipeline on data; returns the past that the validator has seen in each run."""
    log = tmp_path / "pasts"
    log.touch()

    def run_once(name, blesses=1, recipe="one", dataset="shop"):
        profiler = Profiler(name=name, dataset=dataset)
        profile = profiler.outputs["profile"]
        past = blessed_data.past_resolver(profile)
        validator = Validator(profile=profile, past=past.outputs["past"], log=str(log))
        gate = Gate(profile=profile, blesses=blesses)
        monkeypatch.setattr(blessed_data, "_GATE", gate.type)
        local_dag_runner.LocalDagRunner().run(pipeline.Pipeline(
            pipeline_name=recipe, pipeline_root=str(tmp_path / recipe),
            components=[profiler, past, validator, gate], enable_cache=True,
            metadata_connection_config=sqlite_metadata_connection_config(
                str(tmp_path / "metadata.db"))))
        return [json.loads(line) for line in log.read_text().splitlines()]

    return run_once


def test_the_past_is_the_newest_other_blessed_run(run):
    assert run("a") == [None]
    assert run("a") == [None], "the rerun must be cached: its past is not itself"
    assert run("b") == [None, "a"]
    assert run("c", blesses=0) == [None, "a", "b"]
    assert run("d", recipe="two") == [None, "a", "b", "b"], "of any recipe, and not refused"
    assert run("e", dataset="other") == [None, "a", "b", "b", None], "of the same dataset alone"
