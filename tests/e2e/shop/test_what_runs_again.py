"""What an edit of the code reruns, and what becomes of a model that checks refuse.

One rerun serves both questions: after a line of the model's and one of the ranking's code changed,
with a server and a ranking that are refused. Then the first code runs again, to see whether the
refused model is taken for a baseline.
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
WORSE = "NDCG@10 0.010 is below the popularity baseline's 0.072"


def keys(project) -> dict[str, str]:
    """The part of each component's cache key that its declaration holds."""
    built = build_pipeline(project.config(), read_spec("demo"), SCHEMAS)
    return {c.id: repr(sorted(c.exec_properties.items(), key=str)) for c in built.components}


@pytest.fixture(scope="module")
def unedited(project, edited_source) -> dict[str, str]:
    with edited_source():
        return keys(project)


@pytest.mark.parametrize(("module", "changed"), [
    ("trainer/model.py", {"Trainer"}),
    ("trainer/layers/towers.py", {"Trainer"}),
    ("trainer/export/module.py", {"Trainer"}),
    ("trainer/ranking.py", {"Trainer", "RankingEvaluator"}),
    ("trainer/preprocessing/text.py", {*TRANSFORMS, "Trainer"}),
    ("trainer/preprocessing/image.py", {*TRANSFORMS}),
    ("components/media.py", {"CatalogGen"}),
    ("components/catalog_gen/check.py", {"CatalogGen"}),
    ("components/sources/demo/source.py", {"CatalogGen"}),
    ("components/data_report/page.py", {"DataReport"}),
    ("components/data_gate/executor.py", {"DataGate"}),
    ("components/ranking_evaluator/baselines.py", {"RankingEvaluator"}),
    ("components/server_validator/comparison.py", {"ServerValidator"}),
    ("components/gate/executor.py", {"Gate"}),
    ("components/pusher/executor.py", {"Pusher"}),
    ("serving/servable.py", {"ServerValidator"}),
    ("pipeline/cli.py", set()),
    ("pipeline/run.py", set()),
])
def test_an_edit_changes_the_keys_of_those_who_run_it(
        project, edited_source, unedited, module, changed):
    with edited_source(module):
        edited = keys(project)
    assert {name for name in unedited if unedited[name] != edited[name]} == changed


def test_all_but_the_schemas_depend_on_the_data(project):
    built = build_pipeline(project.config(), read_spec("demo"), SCHEMAS)
    rest = {c.id for c in built.components}
    reached = {"CatalogGen"}
    for component in built.components:  # in the order of the pipeline
        if reached & {node.id for node in component.upstream_nodes}:
            reached.add(component.id)
    assert rest - reached == {f"ImportSchemaGen.{side}" for side in SIDES}


@pytest.fixture(scope="module")
def refused(project, again, edited_source):
    """A run after edits; its server is too slow for a strict limit, its ranking is no good."""

    def refuse(model_path, interactions):
        return Outcome(False, [WORSE], evaluate(model_path, interactions).figures)

    evaluate = ranking.evaluate
    with (edited_source("trainer/model.py", "components/ranking_evaluator/baselines.py"),
          pytest.MonkeyPatch.context() as patch):
        patch.setattr(ranking, "evaluate", refuse)
        return project.run(max_p99_ms=1e-6)


@pytest.fixture(scope="module")
def after(project, refused):
    """A run with the first code and limits."""
    return project.run()


def test_a_line_of_the_model_reruns_training_and_what_follows(refused):
    assert refused.ran() == {
        "Trainer", "Evaluator", "RankingEvaluator", "ServerValidator", "Gate", "Pusher"}


def test_it_is_compared_with_the_blessed_model(first, refused):
    baseline = refused.inputs("Evaluator")["baseline_model"]
    assert baseline == first.inputs("Gate")["model"]
    assert refused.inputs("Gate")["model"] != baseline
    # The code is the same but for an unread name, so the model is the same but for its file.
    for task, figures in first.metrics["tasks"].items():
        assert refused.metrics["tasks"][task] == pytest.approx(figures, abs=0.05)


def test_each_check_that_failed_is_a_reason(refused):
    assert (refused.code, refused.metrics["blessed"]) == (4, False)
    by_check = {reason.split(":")[0]: reason for reason in refused.metrics["not_blessed_because"]}
    assert by_check.keys() == {"RankingEvaluator", "ServerValidator"}
    assert by_check["RankingEvaluator"] == f"RankingEvaluator: {WORSE}"
    assert all(f"Not blessed: {reason}" in refused.told for reason in by_check.values())


def test_a_refused_model_is_neither_pushed_nor_the_next_baseline(project, first, after):
    assert (after.code, after.ran()) == (0, set())
    assert after.inputs("Evaluator") == first.inputs("Evaluator")
    assert len(project.pushed()) == 1
