"""Which steps run under the dataset's name, so that recipes share them."""

from pathlib import Path

import pytest
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration.portable import runtime_parameter_utils

import schemas
from pipeline.config import load_config
from pipeline.dag import build_pipeline
from pipeline.kubeflow.steps import read_steps
from pipeline.local import renamed, stages
from schemas import SIDES, read_spec
from trainer.recipe import bind

SCHEMAS = Path(schemas.__file__).parent / "demo"


@pytest.fixture(scope="module")
def ir(tiny_shop, tmp_path_factory):
    config = load_config(None, dataset="demo", data_dir=tiny_shop, recipe="flagship",
                         root=tmp_path_factory.mktemp("root"))
    bound = bind(config.recipe, read_spec("demo"))
    ir = compiler.Compiler().compile(build_pipeline(config, bound, SCHEMAS))
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: "20250101-000000"})
    return ir


def test_all_that_training_depends_on_and_nothing_else(ir):
    checks = {f"{what}.{side}" for side in SIDES
              for what in ("StatisticsGen", "ImportSchemaGen", "ExampleValidator", "Transform")}
    result = stages(ir)
    assert {name for name, stage in result.items() if stage == "data"} == {
        "CatalogGen", "DataProfiler", "past_data", "DataValidator", "DataReport", "DataGate",
        *checks}
    assert {name for name, stage in result.items() if stage == "training"} == {"Trainer"}


def test_a_pipeline_without_training_shares_nothing(ir):
    short = type(ir)()
    short.nodes.extend(node for node in ir.nodes
                       if node.pipeline_node.node_info.id not in ("Trainer", "Exporter"))
    assert set(stages(short).values()) == {"model"}


def test_the_other_name_has_its_folder_beside_the_pipeline_s(ir):
    other = renamed(ir, "demo")
    root = Path(ir.runtime_spec.pipeline_root.field_value.string_value)
    assert ir.pipeline_info.id == root.name == "demo-flagship-1"
    assert other.pipeline_info.id == "demo"
    assert other.runtime_spec.pipeline_root.field_value.string_value == str(root.parent / "demo")
    assert other.runtime_spec.pipeline_run_id == ir.runtime_spec.pipeline_run_id


def test_a_warm_start_s_weights_are_resolved_before_training(tiny_shop, tmp_path):
    recipe = tmp_path / "warm.yaml"
    recipe.write_text("description: d\ntraining: {warm_start: true}\n"
                      "tasks: {find: {head: retrieval, label: like}}\n")
    config = load_config(None, dataset="demo", data_dir=tiny_shop, recipe=str(recipe),
                         root=tmp_path)
    pipe = build_pipeline(config, bind(config.recipe, read_spec("demo")), SCHEMAS)
    nodes = {node.id: node for node in pipe.components}
    assert nodes["earlier_weights"] in nodes["Trainer"].upstream_nodes
    assert "earlier" in nodes["Trainer"].inputs and "earlier" in nodes["Exporter"].inputs
    compiled = compiler.Compiler().compile(pipe)
    assert stages(compiled)["earlier_weights"] == "data"
    steps = {step.node: step for step in read_steps(compiled)}
    assert "earlier-weights" in steps["Trainer"].after, "a step of its own on a cluster"
