import json
from pathlib import Path

import pytest
import yaml
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration.portable import runtime_parameter_utils

import schemas
from pipeline.config import load_config
from pipeline.dag import build_pipeline
from pipeline.kubeflow.steps import read_steps
from pipeline.local import stages, timed
from schemas import SIDES, read_spec
from trainer.recipe import bind

SCHEMAS = Path(schemas.__file__).parent / "demo"


@pytest.fixture
def built(tiny_shop, tmp_path):
    def build(tasks: dict, push: bool = True, checks: dict | None = None, **values):
        recipe = tmp_path / "some.yaml"
        recipe.write_text(yaml.safe_dump({"description": "some", "tasks": tasks, **values}))
        config = load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path,
                             recipe=str(recipe), push=push, checks=checks)
        nodes = build_pipeline(config, bind(config.recipe, read_spec("demo")), SCHEMAS).components
        return {node.id: node for node in nodes}

    return build


def test_encoders_are_a_step_between_the_gate_and_the_trainer(built, tmp_path):
    nodes = built({"retrieval": {"head": "retrieval"}}, modalities={
        "all": {}, "image": {"encoder": {"handle": "module"}}})
    encoder, trainer = nodes["MediaEncoder"], nodes["Trainer"]
    assert encoder.upstream_nodes == {nodes["CatalogGen"], nodes["DataGate"]}
    assert encoder in trainer.upstream_nodes and "encodings" in trainer.inputs
    assert f'"handle": "{tmp_path}/module"' in encoder.exec_properties["encoders"]
    assert encoder.exec_properties["cache"] == str(tmp_path / "encodings")


def test_a_model_that_is_no_saved_model_is_judged_by_its_scores_and_not_pushed(built):
    like = {"like": {"head": "binary", "label": "like"}}
    nodes = built(like, family="forest", rank_by="like")
    assert not {"Evaluator", "ServerValidator", "ModelCard", "Pusher",
                "baseline_model"} & set(nodes)
    assert set(nodes["Exporter"].outputs) == {"model", "scores"}
    assert nodes["TaskEvaluator"].upstream_nodes == {
        nodes[name] for name in ("Exporter", "RankingEvaluator", "Trainer")}
    assert "scores" in nodes["RankingEvaluator"].inputs
    assert set(nodes["Gate"].inputs) == {"model", "verdicts"}


def test_a_computed_model_goes_the_way_of_a_network(built):
    nodes = built({"retrieval": {"head": "retrieval"}}, family="similarity")
    assert set(nodes["Trainer"].outputs) == {"weights", "model_run"}
    assert set(nodes["Exporter"].outputs) == {"model", "predictions"}
    assert {"ServerValidator", "Pusher"} <= set(nodes) and "TaskEvaluator" not in nodes


def test_the_card_says_what_a_model_depends_on_and_not_where_files_are(built, tmp_path):
    nodes = built({"retrieval": {"head": "retrieval"}, "like": {"head": "binary", "label": "like"}})
    card = nodes["ModelCard"]
    config = json.loads(card.exec_properties["config"])
    assert config["dataset"] == "demo" and config["recipe"]["tasks"]["like"]["label"] == "like"
    assert str(tmp_path) not in card.exec_properties["config"]
    assert config.keys() <= {"dataset", "extensions", "recipe_name", "recipe", "split", "seed",
                             "checks", "cold_items", "privacy"}
    assert json.loads(card.exec_properties["code"]) == {
        name: nodes[node].exec_properties["code_digest"]
        for name, node in (("training", "Trainer"), ("export", "Exporter"))}
    assert {"evaluation", "evaluation_metrics"} <= set(nodes["TaskEvaluator"].inputs)
    assert {"parent", "evaluation_metrics"} <= set(card.inputs)
    assert "card" in nodes["Pusher"].inputs


def test_a_recipe_with_retrieval_alone_has_no_evaluator_and_the_checks_their_thresholds(built):
    nodes = built({"retrieval": {"head": "retrieval"}}, push=False, checks={
        "min_requests": 7, "max_p99_ms": 5, "min_ndcg_difference": -0.5,
        "min_ndcg_above_popularity": 0.01, "max_ndcg_decrease": 0.03, "max_ndcg_shortfall": 0.2,
        "min_ranked_users": 4, "max_value_loss": 0.5})
    assert not {"Evaluator", "TaskEvaluator", "ModelCard", "Pusher"} & set(nodes)
    server, ranking = (nodes[n].exec_properties for n in ("ServerValidator", "RankingEvaluator"))
    assert (server["min_requests"], server["max_p99_ms"]) == (7, 5)
    assert json.loads(ranking["limits"]) == {
        "above_popularity": 0.01, "below_baseline": -0.5, "shortfall": 0.2, "decrease": 0.03,
        "ranked_users": 4, "value_loss": 0.5}
    assert "last_blessed" in nodes["RankingEvaluator"].inputs


def test_what_is_said_of_users_alone_is_measured_and_not_demanded(built):
    nodes = built({"retrieval": {"head": "retrieval"},
                   "age": {"head": "regression", "label": "age"}})
    assert "Evaluator" in nodes and "evaluation" not in nodes["TaskEvaluator"].inputs
    assert nodes["Pusher"].upstream_nodes >= {nodes["Gate"]}
    # Cache keys hold the modalities, whatever `all` would mean tomorrow.
    modalities = ["audio", "categorical", "image", "numeric", "text", "video"]
    trained = json.loads(nodes["Trainer"].exec_properties["custom_config"])
    transformed = json.loads(nodes["Transform.items"].exec_properties["custom_config"])
    assert sorted(trained["recipe"]["modalities"]) == modalities
    assert sorted(transformed["modalities"]) == modalities


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


def test_what_times_responses_is_known_by_what_it_reads(ir):
    assert timed(ir) == ["ServerValidator"]


def test_a_pipeline_without_training_shares_nothing(ir):
    short = type(ir)()
    short.nodes.extend(node for node in ir.nodes
                       if node.pipeline_node.node_info.id not in ("Trainer", "Exporter"))
    assert set(stages(short).values()) == {"model"}


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
