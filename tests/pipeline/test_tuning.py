import json
from pathlib import Path

import pytest
import yaml
from refusals import assert_refused

import schemas
from pipeline.config import load_config
from pipeline.nodes import NodeRun
from pipeline.recipe_files import load_recipe
from pipeline.tuning import command
from pipeline.tuning.dag import tuning_pipeline
from schemas import SIDES, read_spec
from trainer.recipe import bind
from trainer.recipe.tune import with_values

SCHEMAS = Path(schemas.__file__).parent / "demo"
RECIPE = {
    "description": "some", "tasks": {"retrieval": {"head": "retrieval"}}, "model": {"dim": 16},
    "tune": {"trials": 3, "ranges": {"model.dim": {"choices": [16, 32]},
                                     "training.learning_rate": {"min": 0.001, "max": 0.01}}}}


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "some.yaml"
    path.write_text(yaml.safe_dump(RECIPE))
    return path


@pytest.fixture
def config(tiny_shop, tmp_path, recipe):
    return load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path, recipe=str(recipe))


def test_best_values_become_a_recipe_that_runs(config, console, tmp_path, monkeypatch):
    results = [{"trial_id": "1", "score": 0.25, "model.dim": 32, "training.learning_rate": 0.002},
               {"trial_id": "0", "score": 0.125, "model.dim": 16, "training.learning_rate": 0.005}]

    def run_locally(pipe, run_id, on_start, on_end, data_name):
        assert data_name == config.dataset
        folder = tmp_path / "results"
        folder.mkdir()
        (folder / "tuner_results.json").write_text(json.dumps(results))
        on_end(NodeRun("Tuner", seconds=1.5, outputs={"tuner_results": str(folder)},
                       types={"tuner_results": "TunerResults"}))

    monkeypatch.setattr("pipeline.local.run_locally", run_locally)
    best = tmp_path / "best.yaml"
    command.tune(config, best, console)
    result = load_recipe(str(best))
    assert result == with_values(config.recipe, {
        "model.dim": 32, "training.learning_rate": 0.002})
    text = best.read_text()
    assert text.startswith("# Found by tessera tune: some on demo, split u80, seed 1, 2 trials, "
                           "validation NDCG@10 0.2500.\ndescription: some\n")
    assert yaml.safe_load(text) == {
        "description": "some", "tasks": RECIPE["tasks"], "model": {"dim": 32},
        "training": {"learning_rate": 0.002}}
    message = console.file.getvalue()
    assert "The best of 2 trials" in message and "0.1250" in message and str(best) in message


def test_a_recipe_without_ranges_is_refused(tessera, tiny_shop, tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in RECIPE.items() if k != "tune"}))
    result = tessera("tune", "--dataset", "demo", "--data-dir", tiny_shop, "--recipe", path,
                     "--root", tmp_path / "root")
    assert_refused(result, "The recipe declares no ranges to search", "'tune'",
                   "docs/recipes.md")
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(("output", "message"), [
    ("best.txt", "A recipe file ends in .yaml"), ("nowhere/best.yaml", "there is no folder"),
    ("folder.yaml", "it is a folder")])
def test_a_file_that_cannot_be_is_refused_first(tessera, tiny_shop, tmp_path, recipe, output,
                                                message):
    (tmp_path / "folder.yaml").mkdir()
    result = tessera("tune", "--dataset", "demo", "--data-dir", tiny_shop, "--recipe", recipe,
                     "--root", tmp_path / "root", "-o", tmp_path / output)
    assert_refused(result, message, "-o", tmp_path / output)
    assert not (tmp_path / "root").exists()


def test_the_search_has_the_data_steps_of_the_recipe_and_its_ranges_train_nothing_again(config):
    from pipeline.dag import build_pipeline

    pipe = tuning_pipeline(config, bind(config.recipe, read_spec("demo")), SCHEMAS)
    nodes = {node.id: node for node in pipe.components}
    assert {"CatalogGen", "DataGate"} < nodes.keys() and "Trainer" not in nodes
    assert {node.id for node in nodes["Tuner"].upstream_nodes} == {
        f"Transform.{side}" for side in SIDES}
    asked = json.loads(nodes["Tuner"].exec_properties["custom_config"])
    assert (asked["recipe"]["tune"]["trials"], asked["seed"]) == (3, 1)
    # The name of the recipe's runs: what one has transformed, the other takes from the cache.
    assert pipe.pipeline_info.pipeline_name == config.pipeline_name and pipe.enable_cache

    def trained(one):
        nodes = build_pipeline(one, bind(one.recipe, read_spec("demo")), SCHEMAS).components
        return next(n for n in nodes if n.id == "Trainer").exec_properties["custom_config"]

    other = config.model_copy(update={"recipe": with_values(config.recipe, {})})
    assert other.recipe.tune is None and trained(config) == trained(other)
