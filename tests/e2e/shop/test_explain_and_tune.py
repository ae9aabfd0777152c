"""An explanation of the pushed model, and a search, on the small shop."""

import json

import pytest
import yaml
from e2e_project import RECIPE

pytestmark = pytest.mark.slow


def test_a_pushed_model_is_explained(first, project, tmp_path):
    from pipeline.explanation.command import explain

    assert first.code == 0
    page = tmp_path / "page.html"
    shop = (project.shop / "items.csv").read_text().splitlines()
    item = shop[1].split(",")[0]
    result = explain(project.root, "c0000", item, None, page, "occlusion")
    kinds = {(e.side, e.kind) for e in result.effects}
    assert {("items", "word"), ("items", "whole"), ("users", "whole")} <= kinds
    assert any(abs(e.value) > 1e-4 for e in result.effects if e.kind == "word")
    # The rows that ingest left are what the model holds: the scores are the server's.
    assert set(result.scores) == {"retrieval", "rating", "like"}
    assert sum(result.weights["items"].values()) == pytest.approx(1, abs=1e-4)
    assert page.read_text().startswith("<!doctype html>")
    shares = explain(project.root, "c0000", item, None, page, "gradients")
    assert "integrated gradients" in page.read_text()
    assert any(abs(e.value) > 1e-4 for e in shares.effects if e.kind == "word")
    total = sum(e.value for e in shares.effects if e.kind == "whole")
    above = shares.scores["retrieval"] - shares.baseline
    assert total == pytest.approx(above, abs=0.02 + 0.02 * abs(above))


def test_a_search_takes_the_data_from_the_cache_and_writes_a_recipe(first, project, tmp_path):
    from rich.console import Console

    from pipeline.config import load_config
    from pipeline.recipe_files import load_recipe
    from pipeline.tuning.command import tune

    # The name of the runs' recipe, so that it is the same pipeline.
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, "tune": {
        "trials": 2, "ranges": {"model.dim": {"choices": [8, 16]}}}}))
    project.config()
    values = yaml.safe_load(project.config_file.read_text()) | {"recipe": str(path)}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    config = load_config(tmp_path / "run.yaml")
    console = Console(record=True, width=120)
    best = tmp_path / "best.yaml"
    tune(config, best, console)
    message = console.export_text()
    assert message.count(" cached ") == 15 and "Tuner " in message
    assert load_recipe(str(best)).model.dim in (8, 16)
    results, = (project.root / "artifacts" / "demo-small-1" / "Tuner" / "tuner_results").glob(
        "*/tuner_results.json")
    scores = [one["score"] for one in json.loads(results.read_text())]
    assert len(scores) == 2 and scores == sorted(scores, reverse=True)
    again = Console(record=True, width=120)
    tune(config, best, again)
    assert again.export_text().count(" cached ") == 16
