"""What an edit reruns, and what becomes of a model that one check refuses.

Two reruns serve both questions: one after a line of code changed, whose ranking is refused; one
after a byte of data changed, whose server is refused.
"""

from pathlib import Path

import pytest

import schemas
from components.ranking_evaluator import executor as ranking
from components.verdict import Outcome
from pipeline.dag import build_pipeline
from schemas import SIDES, read_spec

SCHEMAS = Path(schemas.__file__).parent / "demo"
TRANSFORMS = {f"Transform.{side}" for side in SIDES}
JUDGED = {"Evaluator", "RankingEvaluator", "ServerValidator", "Gate", "Pusher"}
CHECKED = {f"{name}.{side}" for side in SIDES for name in ("StatisticsGen", "ExampleValidator")}
WORSE = "NDCG@10 0.010 is below the popularity baseline's 0.072"


def keys(project) -> dict[str, str]:
    """The part of each component's cache key that its declaration holds."""
    built = build_pipeline(project.config(), read_spec("demo"), SCHEMAS)
    return {c.id: repr(sorted(c.exec_properties.items(), key=str)) for c in built.components}


@pytest.mark.parametrize(("module", "changed"), [
    ("trainer/model.py", {"Trainer"}),
    ("trainer/layers/towers.py", {"Trainer"}),
    ("trainer/export/module.py", {"Trainer"}),
    ("trainer/ranking.py", {"Trainer", "RankingEvaluator"}),
    ("trainer/preprocessing/text.py", {*TRANSFORMS, "Trainer"}),
    ("trainer/preprocessing/image.py", {*TRANSFORMS, "Trainer"}),
    ("components/media.py", {"CatalogGen"}),
    ("components/catalog_gen/check.py", {"CatalogGen"}),
    ("components/sources/demo/source.py", {"CatalogGen"}),
    ("components/data_report/page.py", {"DataReport"}),
    ("components/data_gate/executor.py", {"DataGate"}),
    ("components/ranking_evaluator/baselines.py", {"RankingEvaluator"}),
    ("components/server_validator/comparison.py", {"ServerValidator"}),
    ("components/gate/executor.py", {"Gate"}),
    ("serving/servable.py", {"ServerValidator"}),
    ("pipeline/cli.py", set()),
    ("pipeline/run.py", set()),
])
def test_an_edit_changes_the_keys_of_those_who_run_it(project, edited_source, module, changed):
    before = keys(project)
    with edited_source(module):
        after = keys(project)
    assert {name for name in before if before[name] != after[name]} == changed


@pytest.fixture(scope="module")
def edited_code(project, again, edited_source):
    """A run after an edit of the model's code; its ranking is made to be refused."""

    def refuse(model_path, interactions):
        return Outcome(False, [WORSE], evaluate(model_path, interactions).figures)

    evaluate = ranking.evaluate
    with edited_source("trainer/model.py") as patch:
        patch.setattr(ranking, "evaluate", refuse)
        return project.run()


@pytest.fixture(scope="module")
def edited_data(project, edited_code):
    """A run after one byte of a price changed; its server is too slow for a strict limit."""
    table = project.shop / "items.csv"
    content = table.read_bytes()
    cents = b"7" if content[-2:] != b"7\n" else b"3"
    table.write_bytes(content[:-2] + cents + b"\n")
    try:
        return project.run(max_p99_ms=1e-6)
    finally:
        table.write_bytes(content)


@pytest.fixture(scope="module")
def back(project, edited_data):
    """A run with the first code, data and limits."""
    return project.run()


def test_a_line_of_the_model_reruns_training_and_what_follows(edited_code):
    assert edited_code.ran() == {"Trainer", *JUDGED}


def test_a_model_that_fails_only_ranking_is_not_pushed(edited_code, project):
    assert edited_code.code == 4
    assert edited_code.metrics["blessed"] is False
    assert edited_code.metrics["not_blessed_because"] == [f"RankingEvaluator: {WORSE}"]
    assert f"Not blessed: RankingEvaluator: {WORSE}" in edited_code.told
    assert len(project.pushed()) == 1


def test_it_was_compared_with_the_blessed_model(first, edited_code):
    baseline = edited_code.inputs("Evaluator")["baseline_model"]
    assert baseline == first.inputs("Gate")["model"]
    assert edited_code.inputs("Gate")["model"] != baseline


def test_a_byte_of_the_data_reruns_all_but_the_schemas(edited_data):
    assert edited_data.ran() == {
        "CatalogGen", *CHECKED, "DataReport", "DataGate", *TRANSFORMS, "Trainer", *JUDGED}


def test_a_model_that_fails_only_the_server_check_is_not_pushed(edited_data, project):
    assert edited_data.code == 4
    (reason,) = edited_data.metrics["not_blessed_because"]
    assert reason.startswith("ServerValidator: The 99th percentile of the latency is")
    assert len(project.pushed()) == 1


def test_a_model_that_failed_ranking_is_no_baseline(first, edited_data):
    assert edited_data.inputs("Evaluator")["baseline_model"] == first.inputs("Gate")["model"]


def test_a_model_that_failed_the_server_check_is_no_baseline(first, back, project):
    assert (back.code, back.ran()) == (0, set())
    assert back.inputs("Evaluator") == first.inputs("Evaluator")
    assert len(project.pushed()) == 1
