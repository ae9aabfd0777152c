"""A modality, a kind of task, a check and a source of one extension, from a file to a server.

The configuration names the module; each test begins where nothing of it is registered.
"""

import json

import pytest
from extended import run_project, unchanged
from kiosk_rows import write_kiosk

from pipeline.comparison.plan import planned
from pipeline.explanation import OCCLUSION
from pipeline.explanation.command import explain
from serving.client import Client
from serving.server import EmbeddedServer

RECIPE = {
    "description": "What the product has and what it has not, side by side.",
    "modalities": {"geo": {"scale": 45}}, "behaviour": [],
    "relevant": "like", "rank_by": "grade",
    "tasks": {"grade": {"head": "ordinal", "label": "rating"}},
    "model": {"dim": 8, "fusion": "concat", "interaction": "inner_product"},
    "training": {"max_epochs": 1, "batch_size": 64, "learning_rate": 0.01},
}
CONFIG = {
    "extensions": ["extension"], "dataset": "kiosk", "recipe": "toys.yaml",
    "cold_items": {"share": 0},  # no second training
    # An epoch makes no good model; that the toy's own verdict blesses it is what counts.
    "checks": {"min_ndcg_difference": -1, "max_ndcg_shortfall": 1e9, "min_ranked_users": 1,
               "max_value_loss": 1e9, "max_error_ratio": 9, "min_auc_above_chance": -0.5,
               "max_p99_ms": 60_000, "min_requests": 1,
               "further": {"Novelty": {"min_share": 0.1}}, "reported": ["RankingEvaluator"]},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a configuration that ran."""
    folder = tmp_path_factory.mktemp("project")
    write_kiosk(folder / "kiosk")
    run_project(folder, RECIPE, CONFIG)
    return folder


@pytest.fixture(scope="module")
def latest(project):
    return project / "root" / "runs" / "latest"


@pytest.fixture(scope="module")
def metrics(latest):
    return json.loads((latest / "metrics.json").read_text())


@pytest.fixture(autouse=True)
def _nothing_registered(project):
    with unchanged():
        yield


def test_the_pushed_model_is_served(project, metrics):
    place = metrics["training"]["item_modalities"].index("where")
    with (EmbeddedServer(project / "root" / "serving" / "kiosk-toys-1") as server,
          Client(server.host, server.port) as client):
        of_users = client.recommend(["c0", "nobody"], k=3)
        assert "items_where" in client.signatures["explain"].inputs
    for items in of_users:
        assert len(items) == 3
        assert all(1 <= item.tasks["grade"] <= 5 for item in items)
        assert any(item.item_weights[place] > 0 for item in items)


def test_metrics_and_ablation_have_each_by_its_name(metrics):
    assert metrics["dataset"] == "kiosk" and set(metrics["tasks"]["grade"]) == {
        "rmse", "mae", "r2", "kappa"}
    assert metrics["ablation"].keys() == {"none", "geo"}
    for figures in metrics["ablation"].values():
        assert {"ndcg@10", "grade_mae", "grade_kappa"} < figures.keys()
    assert "where" in metrics["importance"]["items"]
    assert metrics["checks"]["Novelty"] == {"passed": True, "reasons": [], "blesses": True}
    assert metrics["novelty"] == {"share": 0.25} and metrics["blessed"]


def test_the_reports_have_each_by_its_name(latest):
    page = (latest / "model_report.html").read_text()
    # Three recommendations are explained, by gradients.
    for name in ("kiosk", "without geo", "items where", "grade", "Novelty", "north"):
        assert name in page
    assert "where" in (latest / "data_report.html").read_text()


def test_an_ablation_leaves_the_modality_out(project):
    plan = planned(project / "run.yaml", [str(project / "toys.yaml")], ["geo"], 1)
    assert {config.recipe_name: set(config.recipe.modalities) for config in plan.configs} == {
        "toys": {"geo"}, "toys-without-geo": set()}
    assert not plan.left_out


def test_the_modality_is_explained_for_the_task(project, tmp_path):
    page = tmp_path / "page.html"
    result = explain(project / "root", "c0", "p1", "grade", page, OCCLUSION)
    worth = {effect.place: effect.value for effect in result.effects if effect.feature == "where"}
    assert set(worth) == {None, "north", "east"} and any(worth.values())
    assert result.weights["items"]["where"] > 0
    for name in ("where", "north", "grade"):
        assert name in page.read_text()
