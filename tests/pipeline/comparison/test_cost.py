"""What a run cost where it was computed, from made-up runs."""

import json

from pipeline.comparison.cost import cost, earlier_runs

STAGES = {"CatalogGen": "data", "Trainer": "training"}


def ran(timings: dict, cached=(), fit=5.0, peak=2000, **changed) -> dict:
    return {"dataset": "demo", "split": "u80", "recipe": "a", "seed": 1,
            "training": {"seconds": fit}, "timings": timings, "peak_rss_mb": peak,
            "cached": {name: name in cached for name in timings},
            "stages": {name: STAGES.get(name, "model") for name in timings}} | changed


COMPUTED = ran({"CatalogGen": 50, "Trainer": 20, "Evaluator": 4, "Gate": 1})
AGAIN = ran({"CatalogGen": 0.1, "Trainer": 0.1, "Evaluator": 3, "Gate": 0.1},
            cached=("CatalogGen", "Trainer", "Gate"), peak=900)


def test_the_steps_that_others_share_do_not_count():
    assert cost(COMPUTED, []) == {"run_s": 25, "peak_rss_mb": 2000}


def test_a_run_from_the_cache_cost_what_it_cost_where_it_was_computed():
    assert cost(AGAIN, [COMPUTED, AGAIN]) == {"run_s": 24, "peak_rss_mb": 2000}


def test_another_fit_s_time_is_not_taken():
    for other in ({"fit": 6.0}, {"seed": 2}, {"recipe": "b"}, {"dataset": "x"}, {"split": "t80"}):
        strange = ran({"Trainer": 99, "Gate": 99}, peak=9999, **other)
        assert cost(AGAIN, [COMPUTED, strange]) == {"run_s": 24, "peak_rss_mb": 2000}
        assert cost(AGAIN, [strange]) == {}


def test_of_two_runs_that_computed_a_step_the_newer_one_counts():
    newer = ran({"Trainer": 30, "Gate": 2}, peak=2500)
    assert cost(AGAIN, [COMPUTED, newer]) == {"run_s": 35, "peak_rss_mb": 2500}


def test_what_cannot_be_read_is_no_run(tmp_path):
    for name, text in (("20250101-000000", json.dumps(COMPUTED)), ("20250102-000000", "{half"),
                       ("latest", json.dumps(AGAIN))):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "metrics.json").write_text(text)
    assert list(earlier_runs(tmp_path)) == [COMPUTED]
