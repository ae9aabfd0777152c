"""The shape of the pipeline, as far as a recipe decides it."""

from pathlib import Path

import pytest
import yaml

import schemas
from pipeline.config import load_config
from pipeline.dag import build_pipeline
from schemas import read_spec

SCHEMAS = Path(schemas.__file__).parent / "demo"


@pytest.fixture
def built(tiny_shop, tmp_path):
    def build(tasks: dict, **options):
        recipe = tmp_path / "some.yaml"
        recipe.write_text(yaml.safe_dump({"description": "some", "tasks": tasks}))
        config = load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path,
                             recipe=str(recipe), **options)
        nodes = build_pipeline(config, read_spec("demo"), SCHEMAS).components
        return {node.id: node for node in nodes}

    return build


def test_a_recipe_with_retrieval_alone_has_no_evaluator(built):
    nodes = built({"retrieval": {"head": "retrieval"}})
    assert "Evaluator" not in nodes and "baseline_model" not in nodes
    assert not {"evaluation", "evaluation_metrics"} & set(nodes["Gate"].inputs)
    assert nodes["Pusher"].upstream_nodes >= {nodes["Gate"]}


def test_every_other_task_is_evaluated(built):
    nodes = built({"retrieval": {"head": "retrieval"},
                   "like": {"head": "binary", "label": "like"}})
    assert {"evaluation", "evaluation_metrics"} <= set(nodes["Gate"].inputs)
    assert nodes["Evaluator"] in nodes["Gate"].upstream_nodes


def test_a_run_that_does_not_push_has_no_pusher(built):
    tasks = {"retrieval": {"head": "retrieval"}}
    assert built(tasks).keys() - built(tasks, push=False).keys() == {"Pusher"}
