"""Recipes compared on a small shop: shared steps, one table, nothing pushed, and a resumption."""

import io
import json

import pytest
import yaml
from e2e_project import RECIPE, new_project
from rich.console import Console

from components.sources.demo import DemoSizes
from pipeline.comparison.compare import compare
from pipeline.comparison.plan import planned

pytestmark = pytest.mark.slow
MODEL_STEPS = {"Trainer", "Exporter", "Evaluator", "RankingEvaluator", "ServerValidator",
               "ContentEvaluator", "TaskEvaluator", "Gate"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = new_project(tmp_path_factory.mktemp("compared"), DemoSizes(40, 200, 1200))
    project.config()
    brief = {"training": RECIPE["training"] | {"max_epochs": 1}}
    for name, changed in (("one", {}), ("other", {"model": {"dim": 16, "sharing": "mmoe"}})):
        (project.folder / f"{name}.yaml").write_text(yaml.safe_dump(RECIPE | brief | changed))
    return project


@pytest.fixture(scope="module")
def plan(project):
    return planned(project.config_file, [str(project.folder / f"{name}.yaml")
                                         for name in ("one", "other")], [], 1)


def compared(plan) -> tuple[int, str, list[dict]]:
    """Returns exit code, what was told, and the metrics of each run."""
    console = Console(file=io.StringIO(), width=250)
    code = compare(plan, "tessera compare", console)
    path = plan.configs[0].root / "comparisons" / "demo" / "latest" / "comparison.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    for run in result["runs"]:  # also where it came from the cache
        assert run["cost"]["run_s"] > run["metrics"]["training"]["seconds"]
    return code, console.file.getvalue(), [run["metrics"] for run in result["runs"]]


@pytest.fixture(scope="module")
def first(plan):
    return compared(plan)


@pytest.fixture(scope="module")
def again(plan, first):
    return compared(plan)


def ran(metrics: dict) -> set[str]:
    return {step for step, cached in metrics["cached"].items() if not cached} - {
        "baseline_model", "past_data"}


def test_the_second_recipe_takes_the_data_steps_from_the_first(first):
    code, _, (one, other) = first
    assert code == 0
    assert {"CatalogGen", "Transform.items", *MODEL_STEPS} <= ran(one)
    assert ran(other) == MODEL_STEPS


def test_nothing_is_pushed(first, project):
    assert not (project.root / "serving").exists()
    assert all("Pusher" not in metrics["timings"] for metrics in first[2])


def test_the_table_has_recipes_and_baselines_with_unseen_items(first, project):
    folder = project.root / "comparisons" / "demo" / "latest"
    page = (folder / "comparison.md").read_text(encoding="utf-8")
    names = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    assert names[:4] == ["model", "---", "one", "other"] and names[-1] == "random"
    assert {"popularity", "ease", "ials"} < set(names)
    assert "unseen NDCG@10" in page and "training, s" in page
    assert {path.name for path in folder.glob("*.svg")} == {"ndcg.svg", "unseen.svg",
                                                             "training.svg"}


def test_a_comparison_that_is_finished_computes_nothing_again(first, again):
    code, message, runs = again
    assert code == 0 and "for 0 of 2 runs; 2 finished before" in message
    assert [ran(metrics) for metrics in runs] == [set(), set()]
    for before, after in zip(first[2], runs, strict=True):
        for key in ("ranking", "unseen", "tasks", "training", "serving", "blessed"):
            assert after[key] == before[key], key
