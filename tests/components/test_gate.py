import json

import pytest
from artifacts import artifact
from tfx.types import standard_artifacts

from components.artifacts import Verdict
from components.gate import component
from components.verdict import Outcome

_PASSED = Outcome(True)


@pytest.fixture
def run_gate(tmp_path):
    """Runs the executor on verdicts; returns the blessing."""

    def run(ranking=_PASSED, server=_PASSED, reported=(), checks=()):
        model = artifact(standard_artifacts.Model, tmp_path / "model")
        model.id = 7
        verdicts = []
        for name, outcome in (("ranking", ranking), ("server", server)):
            outcome.save(str(tmp_path / name), name)
            verdicts.append(artifact(Verdict, tmp_path / name))
        blessing = artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing")
        component.Executor().Do(
            {"model": [model], "verdicts": verdicts}, {"blessing": [blessing]},
            {"code_digest": "", "reported": json.dumps(reported), "checks": json.dumps(checks)})
        return blessing

    return run


def _reasons(tmp_path):
    return json.loads((tmp_path / "blessing" / "reasons.json").read_text())


def test_blesses_a_model_that_passed_every_check(run_gate, tmp_path):
    blessing = run_gate(checks=["ranking", "server"])
    assert {p.name for p in (tmp_path / "blessing").iterdir()} == {"BLESSED", "reasons.json"}
    assert _reasons(tmp_path) == []
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_int_custom_property("current_model_id") == 7
    assert blessing.get_string_custom_property("current_model") == str(tmp_path / "model")


def test_a_check_that_is_reported_refuses_no_model(run_gate, tmp_path):
    blessing = run_gate(ranking=Outcome(False, ["low"]), reported=["ranking"])
    assert blessing.get_int_custom_property("blessed") == 1 and _reasons(tmp_path) == []


def test_refuses_with_the_reasons_of_every_failed_check(run_gate, tmp_path):
    blessing = run_gate(
        ranking=Outcome(False, ["ndcg@10 0.05 is below popularity's 0.08."]),
        server=Outcome(False, []))
    assert {p.name for p in (tmp_path / "blessing").iterdir()} == {"NOT_BLESSED", "reasons.json"}
    assert blessing.get_int_custom_property("blessed") == 0
    assert blessing.get_int_custom_property("current_model_id") == 7
    assert _reasons(tmp_path) == [
        "ranking: ndcg@10 0.05 is below popularity's 0.08.",
        "server: failed without giving a reason"]


def test_a_check_without_a_verdict_of_its_name_refuses(run_gate, tmp_path):
    assert run_gate(checks=["ranking", "novelty"]).get_int_custom_property("blessed") == 0
    assert _reasons(tmp_path) == ["novelty: no verdict is saved under this name"]
