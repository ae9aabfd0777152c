"""The shape of the pipeline, as far as a recipe decides it."""

import json
from pathlib import Path

import pytest
import yaml

import schemas
from pipeline.config import load_config
from pipeline.dag import build_pipeline
from schemas import read_spec
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


def test_a_recipe_with_retrieval_alone_has_no_evaluator(built):
    nodes = built({"retrieval": {"head": "retrieval"}})
    assert "Evaluator" not in nodes and "evaluation_metrics" not in nodes["ModelCard"].inputs
    assert not {"evaluation", "evaluation_metrics"} & set(nodes["Gate"].inputs)
    assert nodes["Pusher"].upstream_nodes >= {nodes["Gate"]}


def test_every_other_task_is_evaluated(built):
    nodes = built({"retrieval": {"head": "retrieval"},
                   "like": {"head": "binary", "label": "like"}})
    assert {"evaluation", "evaluation_metrics"} <= set(nodes["Gate"].inputs)
    assert nodes["Evaluator"] in nodes["Gate"].upstream_nodes


def test_encoders_are_a_step_between_the_gate_and_the_trainer(built, tmp_path):
    nodes = built({"retrieval": {"head": "retrieval"}}, modalities={
        "all": {}, "image": {"encoder": {"handle": "module"}}})
    encoder, trainer = nodes["MediaEncoder"], nodes["Trainer"]
    assert encoder.upstream_nodes == {nodes["CatalogGen"], nodes["DataGate"]}
    assert encoder in trainer.upstream_nodes and "encodings" in trainer.inputs
    assert f'"handle": "{tmp_path}/module"' in encoder.exec_properties["encoders"]
    assert encoder.exec_properties["cache"] == str(tmp_path / "encodings")


def test_what_is_said_of_users_alone_is_measured_and_not_demanded(built):
    nodes = built({"retrieval": {"head": "retrieval"},
                   "age": {"head": "regression", "label": "age"}})
    assert "Evaluator" in nodes and "evaluation" not in nodes["Gate"].inputs


def test_a_model_that_is_no_saved_model_is_judged_by_its_scores_and_not_pushed(built):
    like = {"like": {"head": "binary", "label": "like"}}
    nodes = built(like, family="forest", rank_by="like")
    assert not {"Evaluator", "ServerValidator", "ModelCard", "Pusher",
                "baseline_model"} & set(nodes)
    assert set(nodes["Exporter"].outputs) == {"model", "scores"}
    assert nodes["PredictionEvaluator"].upstream_nodes == {nodes["Exporter"]}
    assert "scores" in nodes["RankingEvaluator"].inputs
    assert set(nodes["Gate"].inputs) == {"model", "model_run", "verdicts"}


def test_a_computed_model_goes_the_way_of_a_network(built):
    nodes = built({"retrieval": {"head": "retrieval"}}, family="similarity")
    assert set(nodes["Trainer"].outputs) == {"weights", "model_run"}
    assert set(nodes["Exporter"].outputs) == {"model", "predictions"}
    assert {"ServerValidator", "Pusher"} <= set(nodes) and "PredictionEvaluator" not in nodes


def test_the_checks_have_the_configurations_thresholds(built):
    nodes = built({"retrieval": {"head": "retrieval"}}, checks={
        "min_requests": 7, "max_p99_ms": 5, "min_ndcg_difference": -0.5,
        "min_ndcg_above_popularity": 0.01, "max_ndcg_decrease": 0.03})
    server, ranking = (nodes[n].exec_properties for n in ("ServerValidator", "RankingEvaluator"))
    assert (server["min_requests"], server["max_p99_ms"]) == (7, 5)
    assert json.loads(ranking["limits"]) == {
        "above_popularity": 0.01, "below_baseline": -0.5, "decrease": 0.03}
    assert "last_blessed" in nodes["RankingEvaluator"].inputs


def test_a_run_that_does_not_push_has_no_pusher(built):
    tasks = {"retrieval": {"head": "retrieval"}}
    assert built(tasks).keys() - built(tasks, push=False).keys() == {"ModelCard", "Pusher"}


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
    assert {"parent", "evaluation_metrics"} <= set(card.inputs)
    assert "card" in nodes["Pusher"].inputs


def test_the_data_report_is_called_as_results_are(tiny_shop, tmp_path):
    config = load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path)
    own = config.model_copy(update={"name": "spring-sale", "schemas": str(SCHEMAS)})
    bound = bind(own.recipe, read_spec("demo"))
    nodes = {node.id: node for node in build_pipeline(own, bound, SCHEMAS).components}
    given = json.loads(nodes["DataReport"].exec_properties["spec"])
    assert given["name"] == own.dataset_name == "spring-sale"
