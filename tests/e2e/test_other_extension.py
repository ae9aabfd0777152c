"""An extension less like what Tessera has itself, in files without a source of their own.

Its modality has several columns and options that nest, its tasks quantiles, counts, several labels
and pairs.
"""

import json
import shutil
from pathlib import Path

import pytest
from extended import run_project, unchanged
from kiosk_rows import write_kiosk
from worlds.files import json_lines

from pipeline.explanation import OCCLUSION
from pipeline.explanation.command import explain
from serving.client import Client
from serving.server import EmbeddedServer

pytestmark = pytest.mark.slow

RECIPE = {
    "description": "Toys of two extensions.",
    "modalities": {"geo": {"scale": 45}, "span": {"years": {"middle": 1980}}}, "behaviour": [],
    "relevant": "like", "rank_by": "find",
    "tasks": {"find": {"head": "pairwise", "label": "like"},
              "grade": {"head": {"quantile": {"shares": [0.25, 0.75]}}, "label": "rating"},
              "many": {"head": "count", "label": "rating"},
              "both": {"head": "numbers", "labels": ["rating", "like"]}},
    "model": {"dim": 8, "fusion": "concat", "interaction": "inner_product"},
    "training": {"max_epochs": 1, "batch_size": 64, "learning_rate": 0.01},
}
CONFIG = {
    "extensions": ["extension", "stalls"], "dataset": "jsonl", "schemas": "schemas",
    "source": {side: {"files": f"{side}.jsonl"} for side in ("users", "items", "interactions")},
    "recipe": "stalls.yaml",
    "cold_items": {"share": 0},  # no second training
    "checks": {"max_error_ratio": 9, "max_p99_ms": 60_000, "min_requests": 1,
               "reported": ["RankingEvaluator"]},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a configuration that ran."""
    folder = tmp_path_factory.mktemp("project")
    write_kiosk(folder / "kiosk")
    items = folder / "kiosk" / "items.jsonl"
    rows = [json.loads(line) for line in items.read_text().splitlines()]
    for place, row in enumerate(rows):
        row |= {"opened": f"{1950 + 3 * place}-{1990 + place}"} if place % 4 else {}
    json_lines(items, rows)
    shutil.copytree(Path(__file__).parents[1] / "kiosk", folder / "schemas")
    with (folder / "schemas" / "items.pbtxt").open("a") as schema:
        schema.write('feature { name: "opened" type: BYTES annotation { tag: "span" } }\n')
    run_project(folder, RECIPE, CONFIG)
    return folder


@pytest.fixture(autouse=True)
def _nothing_registered(project):
    with unchanged():
        yield


def test_the_pushed_model_answers_for_each_task(project):
    (models,) = (project / "root" / "serving").iterdir()
    with (EmbeddedServer(models) as server, Client(server.host, server.port) as client):
        assert "items_opened" in client.signatures["explain"].inputs
        (items,) = client.recommend(["c0"], k=3)
    for item in items:
        assert item.tasks["many"] > 0
        assert [len(item.tasks[name]) for name in ("grade", "both")] == [2, 2]


def test_metrics_and_pages_have_each_by_its_name(project):
    latest = project / "root" / "runs" / "latest"
    metrics = json.loads((latest / "metrics.json").read_text())
    assert metrics["blessed"] and set(metrics["ablation"]) == {"none", "geo", "span"}
    assert {"grade": "pinball", "many": "deviance", "both": "mae"}.items() <= {
        name: next(iter(figures)) for name, figures in metrics["tasks"].items()}.items()
    page = (latest / "model_report.html").read_text()
    for name in ("without span", "items opened", "grade", "pinball", "many", "both"):
        assert name in page


def test_what_a_span_is_worth_is_explained(project, tmp_path):
    result = explain(project / "root", "c0", "p1", "many", tmp_path / "page.html", OCCLUSION)
    assert any(effect.value for effect in result.effects if effect.feature == "opened")
