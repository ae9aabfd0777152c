import json

import pytest
from pages import Page
from refusals import refuses

from pipeline import cli
from pipeline.runs_page import write_runs_page
from pipeline.runs_page.content import groups, read_runs


@pytest.fixture
def root(tmp_path):
    """Two blessed runs of a recipe, one that the data stopped, one of another recipe, and noise."""
    def run(name, ndcg=None, recipe="flag<ship>", **more):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        figures = {} if ndcg is None else {
            "ranking": {"ndcg@10": ndcg}, "tasks": {"like": {"auc": 0.7, "accuracy": 0.6}},
            "labels": {"like": {"metrics": {"auc": {"shown": "AUC"}}}},
            "blessed": True, "data": {"verdict": "OK", "warnings": []}}
        (folder / "metrics.json").write_text(json.dumps({
            "dataset": "shop", "recipe": recipe, "split": "u80", "seed": 1, "blessed": False,
            "not_blessed_because": [], "timings": {"Trainer": 12.4}, **figures, **more}))
        return folder

    run("20261119-080000", 0.1234, spans={"last": 1, "until": "2026-11-18"})
    newest = run("20261120-080000", 0.2, spans={"last": 1, "until": "2026-11-19"})
    (newest / "model_report.html").touch()
    run("20261120-090000", 0.3, recipe="other")
    stopped = run("20261121-080000", not_blessed_because=["the ages are <odd>"])
    (stopped / "data_report.json").write_text('{"verdict": {"verdict": "FAIL"}}')
    (stopped / "data_report.html").touch()
    (tmp_path / "runs" / "20261122-080000").mkdir()
    (tmp_path / "runs" / "20261122-080000" / "metrics.json").write_text('{"cut off')
    (tmp_path / "runs" / "foreign").mkdir()
    (tmp_path / "runs" / "foreign" / "metrics.json").write_text("[1]")
    (tmp_path / "runs" / "latest").symlink_to(stopped.name)
    return tmp_path


def test_runs_that_may_be_compared_are_together_the_newest_first(root):
    one, other = groups(read_runs(root / "runs"))
    assert one["heading"] == "flag<ship> on shop, split u80, seed 1"
    assert [run.moment for run in one["runs"]] == [
        "2026-11-21 08:00", "2026-11-20 08:00", "2026-11-19 08:00"]
    assert [run.data for run in one["runs"]] == ["FAIL", "OK", "OK"]
    assert one["figures"] == [("ndcg@10", ""), ("auc", "like")]
    assert [run.name for run in other["runs"]] == ["20261120-090000"]


def test_a_metric_is_drawn_over_time_as_soon_as_there_are_two(root):
    one, other = groups(read_runs(root / "runs"))
    assert [chart.count("<polyline") for chart in one["charts"]] == [1, 1], "a scale for each"
    assert other["charts"] == []


def test_the_page_has_verdicts_figures_and_links_that_lead_somewhere(root):
    page = write_runs_page(root)
    html = page.read_text()
    for text in ("Not blessed", "the ages are &lt;odd&gt;", "2026-11-19", "0.1234", "4 runs",
                 "prefers-color-scheme: dark"):
        assert text in html, text
    result = Page(html)
    assert result.fetched == []
    assert "20261120-080000/model_report.html" in result.links
    assert "20261121-080000/data_report.html" in result.links
    assert all((page.parent / link).is_file() for link in result.links)


def test_a_root_without_runs(tmp_path):
    (tmp_path / "runs").mkdir()
    assert "No run has ended yet" in write_runs_page(tmp_path).read_text()
    with refuses("no-runs", tmp_path / "none"):
        cli.runs(tmp_path / "none", browser=False)
