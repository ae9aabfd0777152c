"""The baseline, resolved by TFX itself in small pipelines."""

import json
from pathlib import Path

import pytest
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.types.standard_artifacts import Model, ModelBlessing

from components.blessed import baseline_resolver


@component
def Trainer(model: OutputArtifact[Model], name: Parameter[str]):
    Path(model.uri).mkdir(parents=True, exist_ok=True)
    (Path(model.uri) / "name").write_text(name)


@component
def Evaluator(
    model: InputArtifact[Model],
    blessing: OutputArtifact[ModelBlessing],
    log: Parameter[str],
    baseline: InputArtifact[Model] = None,
):
    blessing.set_int_custom_property("blessed", 1)
    blessing.set_int_custom_property("current_model_id", model.id)
    name = (Path(baseline.uri) / "name").read_text() if baseline else None
    with open(log, "a") as file:
        file.write(json.dumps(name) + "\n")


@component
def Gate(
    model: InputArtifact[Model],
    evaluation: InputArtifact[ModelBlessing],
    blessing: OutputArtifact[ModelBlessing],
    refused: Parameter[str],
):
    blessed = (Path(model.uri) / "name").read_text() not in refused.split(",")
    blessing.set_int_custom_property("blessed", int(blessed))
    blessing.set_int_custom_property("current_model_id", model.id)


@pytest.fixture
def run(tmp_path):
    """Runs the pipeline on a model; returns the baselines that the Evaluator has seen so far."""
    log = tmp_path / "baselines"
    log.touch()

    def run_once(name, refused=""):
        trainer = Trainer(name=name)
        model = trainer.outputs["model"]
        resolver = baseline_resolver(model, "Gate")
        evaluator = Evaluator(model=model, baseline=resolver.outputs["model"], log=str(log))
        gate = Gate(model=model, evaluation=evaluator.outputs["blessing"], refused=refused)
        local_dag_runner.LocalDagRunner().run(pipeline.Pipeline(
            pipeline_name="baseline",
            pipeline_root=str(tmp_path / "root"),
            components=[trainer, resolver, evaluator, gate],
            enable_cache=True,
            metadata_connection_config=sqlite_metadata_connection_config(
                str(tmp_path / "metadata.db")
            ),
        ))
        return [json.loads(line) for line in log.read_text().splitlines()]
    return run_once


def test_an_unchanged_rerun_evaluates_against_the_same_baseline(run):
    assert run("a") == [None]
    assert run("a") == [None], "the rerun must be cached: its baseline is not the candidate"
    assert run("b") == [None, "a"]
    assert run("b") == [None, "a"]
    assert run("c") == [None, "a", "b"]


def test_a_model_that_only_the_evaluator_blessed_is_no_baseline(run):
    assert run("a", refused="a") == [None]
    assert run("b", refused="a") == [None, None]
    assert run("c", refused="a") == [None, None, "b"]
