"""A check and a source that tests define alone are named wherever those of the project are."""

import json
import sys
from pathlib import Path

import pytest
import yaml
from extended import unchanged
from ingested import run_ingest
from kiosk_rows import USERS, write_kiosk
from tfx.dsl.component.experimental.annotations import OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from worlds.pipelines import carried_out, small_pipeline

import schemas
from components.code_digest import code_digest
from components.further_checks import FURTHER_CHECKS, Built, add_check
from components.gate.component import Gate
from components.sources import SOURCES, open_source
from pipeline import results
from pipeline.config import load_config
from pipeline.dag import build_pipeline
from pipeline.model_report import report
from pipeline.recipe_files import load_recipe
from schemas import InputError, read_spec
from schemas.extensions import load_extensions
from trainer.recipe import bind

SCHEMAS = Path(schemas.__file__).parent / "demo"


def bound(config):
    return bind(config.recipe, read_spec("demo"), config.recipe_name)


@pytest.fixture
def config(tiny_shop, tmp_path, extension):
    """Writes and loads a configuration."""
    def write(dataset="demo", options=None, folder=tiny_shop, **checks):
        path = tmp_path / "shop.yaml"
        path.write_text(yaml.safe_dump({
            "extensions": ["extension"], "dataset": dataset, "data_dir": str(folder),
            "root": str(tmp_path / "root"), "checks": {
                "further": {"Novelty": options or {}}, **checks},
            "kubeflow": {"image": "registry.example/tessera:1",
                         "volumes": [{"claim": "tessera", "path": str(tmp_path)},
                                     {"claim": "shop", "path": str(folder)}]}}))
        return load_config(path)

    return write


def test_the_check_is_a_node_before_the_gate_and_a_step_on_kubeflow(config, tmp_path):
    from pipeline.kubeflow.compile import compile_kubeflow

    one = config()
    nodes = {n.id: n for n in build_pipeline(one, bound(one), SCHEMAS).components}
    assert nodes["Novelty"] in nodes["Gate"].upstream_nodes
    steps = {step.node: step for step in compile_kubeflow(one, tmp_path / "pipeline.yaml")}
    assert steps["Novelty"].shows == {"figures": "Metrics"}
    spec = next(yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text()))
    assert "novelty" in spec["root"]["dag"]["tasks"]["gate"]["dependentTasks"]


BOUND = bind(load_recipe("flagship"), read_spec("demo"))


@component
def ToyModel(  # noqa: N802
        model: OutputArtifact[standard_artifacts.Model]) -> None:
    """Makes a model that is an empty folder."""
    Path(model.uri).mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize(("checks", "also", "blessed"), [
    ({}, [], False), ({"reported": ["Novelty"]}, [], True),
    ({"options": {"min_share": 0.1}}, [], True), ({"options": {"min_share": 0.1}}, ["New"], False)])
def test_the_verdict_reaches_gate_metrics_notes_and_report(config, tmp_path, checks, also, blessed):
    one = config(**checks)
    model = ToyModel()
    further = [add(Built(BOUND, {model.id: model}), **one.checks.further[name])
               for name, add in FURTHER_CHECKS.items()]
    lenient = FURTHER_CHECKS["Novelty"](
        Built(BOUND, {model.id: model}), min_share=0.0).with_id("Lenient")
    gate = Gate(model=model.outputs["model"],
                verdicts=[c.outputs["verdict"] for c in (lenient, *further)],
                reported=one.checks.reported, checks=["Novelty", *also])
    ended = carried_out(small_pipeline(tmp_path, model, lenient, *further, gate))
    metrics = results.collect(one, ended, 0.0)
    passed = "options" in checks
    reason = "a share of 0.25 is new, below 0.5"
    assert metrics["checks"]["Novelty"] == {
        "passed": passed, "reasons": [] if passed else [reason],
        "blesses": "reported" not in checks}
    assert metrics["novelty"] == {"share": 0.25} and metrics["blessed"] == blessed
    (*why,) = (text.partition(":")[0] for text in metrics["not_blessed_because"])
    assert why == ([] if blessed else also or ["Novelty"])
    notes = [note["check"] for note in metrics.get("notes", ())]
    assert notes == (["Novelty"] if "reported" in checks else [])
    assert '<th scope="row">Novelty</th>' in report(results.finite(metrics), {}, [])
    assert json.dumps(results.finite(metrics))


@pytest.mark.parametrize(("make", "code"), [
    (lambda built, model=ToyModel: model(), "check-without-verdict"),
    (lambda built: len(built), None)])  # a fault of its own is none of its options
def test_a_check_that_makes_none_says_so(extension, monkeypatch, make, code):
    monkeypatch.setitem(FURTHER_CHECKS, "Broken", make)
    with pytest.raises(InputError if code else TypeError) as error:
        add_check("Broken", Built(BOUND, {}), {})
    assert getattr(error.value, "code", None) == code


@pytest.mark.parametrize(("checks", "code"), [
    ({"further": {"Novel": {}}}, "unknown-check"),
    ({"options": {"share": 1}}, "bad-check-options"),
    ({"reported": ["Novel"]}, "unknown-check-in-checks-reported")])
def test_a_check_that_is_not_there_is_named(config, checks, code):
    with pytest.raises(InputError) as error:
        build_pipeline(one := config(**checks), bound(one), SCHEMAS)
    assert error.value.code == code


def test_the_source_is_opened_where_only_its_extension_is_named(config, tmp_path):
    write_kiosk(tmp_path / "kiosk")
    one = config(dataset="kiosk", folder=tmp_path / "kiosk")
    spec, arguments = one.spec(), one.source_arguments(one.spec())
    del SOURCES["kiosk"], sys.modules["extension"]
    source = open_source(**json.loads(json.dumps(arguments)))
    assert type(source).__name__ == "Kiosk"
    assert run_ingest(source, spec, tmp_path / "out").kept("users") == USERS


def test_an_extension_s_code_is_in_the_keys(tmp_path, monkeypatch):
    before = code_digest("components.gate.component")
    (tmp_path / "kiosk_rules.py").write_text("LIMIT = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with unchanged():
        load_extensions(["kiosk_rules"])
        first = code_digest("components.gate.component")
        (tmp_path / "kiosk_rules.py").write_text("LIMIT = 2  # changed\n")
        assert len({before, first, code_digest("components.gate.component")}) == 3
