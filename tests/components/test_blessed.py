"""The past that data are compared with, resolved by TFX itself in small pipelines."""

import json
from pathlib import Path
from typing import List  # noqa: UP035  (TFX knows no other)

import pytest
from refusals import refuses
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.orchestration.metadata import Metadata, sqlite_metadata_connection_config
from tfx.types.standard_artifacts import ModelBlessing

from components import blessed
from components.artifacts import DataProfile
from components.data_validator.component import Executor


@component
def Profiler(profile: OutputArtifact[DataProfile], name: Parameter[str], dataset: Parameter[str],
             span: Parameter[str]):
    Path(profile.uri).mkdir(parents=True, exist_ok=True)
    (Path(profile.uri) / "name").write_text(name)
    profile.set_string_custom_property("dataset", dataset)
    if span:  # earlier versions wrote none
        profile.set_string_custom_property("span", span)


@component
def Validator(profile: InputArtifact[DataProfile], log: Parameter[str],
              past: InputArtifact[List[DataProfile]] = None):  # noqa: UP006
    name = "+".join((Path(one.uri) / "name").read_text() for one in past or ()) or None
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

    def run_once(name, blesses=1, recipe="one", dataset="shop", past=1, span=""):
        profiler = Profiler(name=name, dataset=dataset, span=span)
        profile = profiler.outputs["profile"]
        resolver = blessed.past_resolver(profile, past)
        validator = Validator(profile=profile, past=resolver.outputs["past"], log=str(log))
        gate = Gate(profile=profile, blesses=blesses)
        monkeypatch.setattr(blessed, "_GATE", gate.type)
        local_dag_runner.LocalDagRunner().run(pipeline.Pipeline(
            pipeline_name=recipe, pipeline_root=str(tmp_path / recipe),
            components=[profiler, resolver, validator, gate], enable_cache=True,
            metadata_connection_config=sqlite_metadata_connection_config(
                str(tmp_path / "metadata.db"))))
        return [json.loads(line) for line in log.read_text().splitlines()]

    return run_once


@pytest.fixture
def store(tmp_path):
    """Opens the metadata of the runs so far."""
    def opened():
        return Metadata(sqlite_metadata_connection_config(str(tmp_path / "metadata.db")))

    return opened


@pytest.fixture
def run_ids(store):
    """Returns the ids of the runs so far."""
    def ids():
        with store() as handle:
            return [one.name for one in handle.store.get_contexts_by_type("pipeline_run")]

    return ids


def test_a_profile_of_a_version_without_spans_gains_no_empty_property(run, store):
    run("monday")
    assert run("tuesday") == [None, "monday"]
    with store() as handle:
        for profile in handle.store.get_artifacts_by_type(DataProfile.TYPE_NAME):
            assert "span" not in profile.custom_properties
            assert all(value.WhichOneof("value") for value in profile.custom_properties.values())


def test_the_past_is_the_newest_other_blessed_run(run):
    assert run("a") == [None]
    assert run("a") == [None], "the rerun must be cached: its past is not itself"
    assert run("b") == [None, "a"]
    assert run("c", blesses=0) == [None, "a", "b"]
    assert run("d", recipe="two") == [None, "a", "b", "b"], "of any recipe, and not refused"
    assert run("e", dataset="other") == [None, "a", "b", "b", None], "of the same dataset alone"


def test_the_past_may_be_several_runs_or_a_named_one(run, run_ids):
    run("a")
    run("b", blesses=0)
    run("c")
    assert run("d", past=7)[-1] == "a+c", "blessed ones alone"
    assert run("d", past=run_ids()[1])[-1] == "b", "a named run needs no blessing"
    assert run("e", past=run_ids()[0])[-1] == "a"
    assert run("f", past="20200101-000000")[-1] is None


def test_the_past_of_a_span_is_the_spans_before_it_whenever_they_ran(run):
    run("third", span="2026-01-03")
    assert run("first", span="2026-01-01")[-1] is None, "a later day is no past"
    run("second", span="2026-01-02")
    run("second again", span="2026-01-02")
    assert run("fourth", span="2026-01-04")[-1] == "third"
    window = run("fourth again", span="2026-01-04", past=2)[-1]
    assert set(window.split("+")) == {"second again", "third"}, "one run of each span"


def test_a_named_run_without_data_is_refused():
    with refuses("unknown-past-run", "20200101-000000"):
        Executor().Do({}, {}, {"past_run": "20200101-000000"})
