"""What runs cost where they were computed, and how long others will take, from made-up runs."""

import json

import pytest

from pipeline.comparison.cost import cost, duration, earlier_runs, estimate, past
from pipeline.comparison.plan import planned

STAGES = {"CatalogGen": "data", "Trainer": "training"}


def metrics(timings: dict, cached=(), fit=5.0, peak=2000, **changed) -> dict:
    return {"dataset": "demo", "split": "u80", "recipe": "a", "seed": 1,
            "training": {"seconds": fit}, "timings": timings, "peak_rss_mb": peak,
            "cached": {name: name in cached for name in timings},
            "stages": {name: STAGES.get(name, "model") for name in timings}} | changed


COMPUTED = metrics({"CatalogGen": 50, "Trainer": 20, "Evaluator": 4, "Gate": 1})
AGAIN = metrics({"CatalogGen": 0.1, "Trainer": 0.1, "Evaluator": 3, "Gate": 0.1},
                cached=("CatalogGen", "Trainer", "Gate"), peak=900)


def test_the_steps_that_others_share_do_not_count():
    assert cost(COMPUTED, []) == {"run_s": 25, "peak_rss_mb": 2000}


def test_a_run_from_the_cache_cost_what_it_cost_where_it_was_computed():
    assert cost(AGAIN, [COMPUTED, AGAIN]) == {"run_s": 24, "peak_rss_mb": 2000}


def test_another_fit_s_time_is_not_taken():
    for other in ({"fit": 6.0}, {"seed": 2}, {"recipe": "b"}, {"dataset": "x"}, {"split": "t80"}):
        strange = metrics({"Trainer": 99, "Gate": 99}, peak=9999, **other)
        assert cost(AGAIN, [COMPUTED, strange]) == {"run_s": 24, "peak_rss_mb": 2000}
        assert cost(AGAIN, [strange]) == {}


def test_of_two_runs_that_computed_a_step_the_newer_one_counts():
    newer = metrics({"Trainer": 30, "Gate": 2}, peak=2500)
    assert cost(AGAIN, [COMPUTED, newer]) == {"run_s": 35, "peak_rss_mb": 2500}


def test_what_cannot_be_read_is_no_run(tmp_path):
    for name, text in (("20250101-000000", json.dumps(COMPUTED)), ("20250102-000000", "{half"),
                       ("latest", json.dumps(AGAIN))):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "metrics.json").write_text(text)
    assert list(earlier_runs(tmp_path)) == [COMPUTED]


@pytest.fixture
def configs(tiny_shop, tmp_path):
    return planned(None, ["flagship", "implicit"], [], 2, dataset="demo", data_dir=tiny_shop,
                   root=tmp_path).configs


@pytest.fixture
def ran(tmp_path):
    """Writes the metrics of an earlier run."""

    def ran(run: str, recipe: str, timings: dict, cached=(), dataset="demo"):
        folder = tmp_path / "runs" / run
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps({
            "dataset": dataset, "split": "u80", "seed": 1, "recipe": recipe, "timings": timings,
            "cached": {name: name in cached for name in timings},
            "stages": {name: STAGES.get(name, "model") for name in timings}}))

    return ran


@pytest.fixture
def forecast(configs):
    return lambda finished=(): estimate(configs, finished)


def test_without_a_run_there_is_none_and_it_says_so(forecast):
    assert [duration(s) for s in (4.4, 75, 3700)] == ["4 s", "1 min 15 s", "1 h 1 min"]
    [line] = forecast()
    assert line.startswith("Estimate: none for 4 of 4 runs.") and "demo" in line


def test_earlier_runs_show_what_was_computed_last(forecast, ran, tmp_path):
    ran("20250101-000000", "flagship", {"CatalogGen": 9, "Trainer": 100, "Gate": 1})
    ran("20250102-000000", "flagship", {"CatalogGen": 0.1, "Trainer": 60, "Gate": 2},
        cached=("CatalogGen",))
    ran("20250103-000000", "other", {"CatalogGen": 5, "Trainer": 999}, dataset="movielens-100k")
    # A forest's evaluation is no step that recipes share.
    ran("20250103-000001", "trees", {"CatalogGen": 9, "Trainer": 59, "TaskEvaluator": 3})
    (tmp_path / "runs" / "20250104-000000").mkdir()
    (tmp_path / "runs" / "20250104-000000" / "metrics.json").write_text("{half")
    known = past(tmp_path, "demo")
    assert (known.data, known.model) == (9, {"flagship": 62, "trees": 62})
    first, flagship, implicit, data = forecast()
    assert first == "Estimate: 4 min 17 s for 4 of 4 runs"
    assert flagship.endswith("2 ×    62 s, as in its last run")
    assert implicit.endswith("2 ×    62 s, the mean of the recipes that have run")
    assert " 9 s, as in earlier runs;" in data


def test_what_is_finished_does_not_count(forecast, ran):
    ran("20250101-000000", "flagship", {"CatalogGen": 50, "Trainer": 37})
    first, flagship, implicit, *_ = forecast([("flagship", 1), ("flagship", 2), ("implicit", 1)])
    assert first.startswith("Estimate: 1 min 27 s for 1 of 4 runs; 3 finished before and cost")
    assert flagship.split()[1] == "0" and implicit.split()[1] == "1"
    done = forecast([("flagship", 1), ("flagship", 2), ("implicit", 1), ("implicit", 2)])
    assert done[0].startswith("Estimate: 0 s for 0 of 4 runs; 4 finished")
    assert not any("data steps" in line for line in done)
