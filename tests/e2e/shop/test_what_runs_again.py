"""What an edit of the code reruns, and what becomes of a model that one check refuses.

One rerun serves both questions: after a line of the export's and of the ranking's code changed,
with a server and a ranking that are refused. Then the first code runs again, to see whether a
refused model is taken for a baseline. That a line of the model's code trains again is in the keys,
and `test_a_line_of_the_model_trains_again` sees it in a run.
"""

from pathlib import Path

import pytest

import schemas
from components.ranking_evaluator import component as ranking
from components.verdict import Outcome
from pipeline.dag import build_pipeline
from schemas import SIDES, read_spec
from trainer.recipe import bind

SCHEMAS = Path(schemas.__file__).parent / "demo"
TRANSFORMS = {f"Transform.{side}" for side in SIDES}
WORSE = "NDCG@10 0.010 is below the popularity baseline's 0.072"


def keys(project) -> dict[str, str]:
    """The part of each component's cache key that its declaration holds."""
    config = project.config()
    built = build_pipeline(config, bind(config.recipe, read_spec("demo")), SCHEMAS)
    return {c.id: repr(sorted(c.exec_properties.items(), key=str)) for c in built.components}


@pytest.fixture(scope="module")
def unedited(project, edited_source):
    with edited_source():
        return keys(project)


@pytest.mark.parametrize(("module", "changed"), [
    ("trainer/network/model.py", {"Trainer", "Exporter", "ContentEvaluator", "ModelCard"}),
    ("trainer/export/module.py", {"Exporter", "ModelCard"}),
    ("trainer/evaluation/ranking.py", {
        "Trainer", "Exporter", "RankingEvaluator", "ContentEvaluator", "ModelCard"}),
    ("trainer/modalities/text/preprocess.py", {*TRANSFORMS}),
    ("trainer/modalities/image/tower.py", {
        "Trainer", "Exporter", "ContentEvaluator", "ModelCard"}),
    ("trainer/modalities/image/explain.py", {
        "DataProfiler", "DataReport", "Exporter", "ModelCard"}),
    ("trainer/modalities/image/facts.py", {"DataProfiler"}),
    ("trainer/modalities/image/encode.py", set()),
    ("trainer/cold_items/evaluation.py", {"ContentEvaluator"}),
    ("components/media.py", {"CatalogGen"}),
    ("components/sources/demo/source.py", {"CatalogGen"}),
    ("components/data_report/component.py", {"DataReport"}),
    ("components/ranking_evaluator/baselines.py", {"RankingEvaluator"}),
    ("components/server_validator/comparison.py", {"ServerValidator"}),
    ("components/gate/component.py", {"Gate"}),
    ("components/model_card/content.py", {"ModelCard"}),
    ("components/pusher/component.py", {"Pusher"}),
    ("serving/servable.py", {"ServerValidator"}),
    ("pipeline/run.py", set()),
])
def test_an_edit_changes_the_keys_of_those_who_run_it(
        project, edited_source, unedited, module, changed):
    with edited_source(module):
        edited = keys(project)
    assert {name for name in unedited if unedited[name] != edited[name]} == changed


def test_all_but_the_schemas_depend_on_the_data(project):
    config = project.config()
    built = build_pipeline(config, bind(config.recipe, read_spec("demo")), SCHEMAS)
    rest = {c.id for c in built.components}
    reached = {"CatalogGen"}
    for component in built.components:  # in the order of the pipeline
        if reached & {node.id for node in component.upstream_nodes}:
            reached.add(component.id)
    assert rest - reached == {f"ImportSchemaGen.{side}" for side in SIDES}


@pytest.fixture(scope="module")
def refused(project, again, edited_source):
    """A run after an edit of export and ranking: both its server and its ranking are refused."""

    def refuse(*given):
        return Outcome(False, [WORSE], evaluate(*given).figures)

    evaluate = ranking.evaluate
    with edited_source("trainer/export/module.py",
                       "components/ranking_evaluator/baselines.py") as patch:
        patch.setattr(ranking, "evaluate", refuse)
        patch.setattr("pipeline.run.room_for_two", lambda: False)  # here, where it is replaced
        return project.run(max_p99_ms=1e-6)


@pytest.fixture(scope="module")
def after(project, refused):
    """A run with the first code and limits."""
    return project.run()


@pytest.mark.slow
def test_a_line_of_the_export_exports_again_from_the_trained_weights(first, refused):
    assert refused.ran() == {
        "Exporter", "Evaluator", "RankingEvaluator", "TaskEvaluator", "ServerValidator", "Gate",
        "ModelCard", "Pusher"}
    assert refused.inputs("Exporter")["weights"] == first.inputs("Exporter")["weights"]
    for task, figures in first.metrics["tasks"].items():
        assert refused.metrics["tasks"][task] == pytest.approx(figures, abs=1e-6)
    assert refused.metrics["ranking"] == first.metrics["ranking"]


@pytest.mark.slow
def test_it_is_compared_with_the_blessed_model(first, refused):
    baseline = refused.inputs("Evaluator")["baseline_model"]
    assert baseline == first.inputs("Gate")["model"]
    assert refused.inputs("Gate")["model"] != baseline


@pytest.mark.slow
def test_each_failed_check_refuses_with_its_reason(refused):
    assert (refused.code, refused.metrics["blessed"]) == (4, False)
    of_ranking, of_server = sorted(refused.metrics["not_blessed_because"])
    assert of_ranking == f"RankingEvaluator: {WORSE}"
    assert of_server.startswith("ServerValidator: The 99th percentile of the latency is")
    assert f"Not blessed: {of_ranking}" in refused.output


@pytest.mark.slow
def test_a_refused_model_is_neither_pushed_nor_the_next_baseline(project, first, after):
    assert (after.code, after.ran()) == (0, set())
    assert after.inputs("Evaluator") == first.inputs("Evaluator")
    assert len(project.pushed()) == 1


@pytest.mark.slow
def test_a_line_of_the_model_trains_again(project, first, after, edited_source):
    with edited_source("trainer/network/model.py"):
        trained = project.run(max_p99_ms=1e-6)
    assert trained.ran() == {
        "Trainer", "Exporter", "Evaluator", "RankingEvaluator", "ServerValidator",
        "ContentEvaluator", "TaskEvaluator", "Gate", "ModelCard", "Pusher"}
    # The code is the same but for an unread name, so the model is the same but for its file.
    for task, figures in first.metrics["tasks"].items():
        assert trained.metrics["tasks"][task] == pytest.approx(figures, abs=0.05)
