import json

import pytest
from artifacts import artifact
from pages import Page
from tfx.types import standard_artifacts

from components.artifacts import FINGERPRINT, RUN, Card, DataProfile, Verdict
from components.data_profile.component import VERSION, write_profile
from components.model_card.component import Executor, write_card
from components.verdict import REASONS, Outcome

CONFIG = {"recipe_name": "some|<b>recipe</b>", "dataset": "shop", "split": "u80", "seed": 3,
          "recipe": {"family": "network"}}
FIGURES = {
    "ranking": {"ndcg@10": 0.2031, "recall@20": 0.4, "users": 48, "coverage@10": 0.6},
    "intervals": {"ndcg@10": [0.1675, 0.2356]},
    "test": {"events": 1203, "new_items_share": 0.37, "new_users_share": 0.0},
    "baselines": {"ease": {"ndcg@10": 0.1344}, "popularity": {"ndcg@10": 0.0547},
                  "user-knn": {"skipped": "too many users"}},
    "paired": {"ease": {"mean": 0.0687, "low": 0.045, "high": 0.0911, "p_value": 0.002},
               "popularity": {"mean": 0.1484, "low": 0.1, "high": 0.2, "p_value": 0.001}},
    "fewest_users": 5,
    "slices": {"gap": {"10 minutes": {"users": 40, "ndcg@10": 0.2204, "low": 0.1, "high": 0.3,
                                      "baseline_ndcg@10": 0.15}},
               "item_popularity": {"no event": {"pairs": 7, "recall@10": 0.5714,
                                                "baseline_recall@10": 0.0}}},
    "cold_items": {"items": 12, "users": 33, "recall@50": 0.7321, "ndcg@10": 0.4,
                   "baselines": {"content-ridge": {"recall@50": 0.6123, "ndcg@10": 0.3}}},
    "predictions": {"like": {"rows": 20, "ece": 0.0321, "slices": {}}},
    "unseen": {"candidates": 42, "model": {"ndcg@10": 0.3286, "users": 209},
               "random": {"ndcg@10": 0.1208}},
    "biases": {"rating": {"metric": "rmse", "model": 0.9, "biases": 0.95, "difference": -0.05,
                          "low": -0.06, "high": -0.04}},
}
DAY = 86_400


@pytest.fixture
def artifacts(tmp_path):
    """The inputs of the component as a run leaves them."""
    made = {name: artifact(kind, tmp_path / name, **custom) for name, kind, custom in (
        ("model", standard_artifacts.Model, {RUN: "20260102-000000"}),
        ("parent", standard_artifacts.Model, {RUN: "20260101-000000"}),
        ("blessing", standard_artifacts.ModelBlessing, {}), ("profile", DataProfile, {}),
        ("interactions", standard_artifacts.Examples, {FINGERPRINT: "ab12"}),
        ("verdicts", Verdict, {}), ("model_run", standard_artifacts.ModelRun, {}))}
    made["model"].id, made["parent"].id = 1, 2
    write_profile(made["profile"].uri, {
        "version": VERSION, "rows": {"users": 60, "interactions": 1800},
        "events": {"oldest": 10 * DAY, "newest": 20 * DAY}})
    Outcome(True, [], FIGURES).save(made["verdicts"].uri, "RankingEvaluator")
    for folder in ("blessing", "model_run"):
        (tmp_path / folder).mkdir()
    (tmp_path / "model_run" / "summary.json").write_text("{}")
    (tmp_path / "blessing" / REASONS).write_text("[]")
    return made


def carded(artifacts, folder, **without):
    inputs = {name: [one] for name, one in artifacts.items() if name not in without}
    Executor().Do(inputs, {"card": [artifact(Card, folder)]}, {
        "config": json.dumps(CONFIG), "code": json.dumps({"training": "c0de"})})
    return folder


def test_the_lineage_names_data_code_configuration_and_parent(artifacts, tmp_path):
    lineage = json.loads((carded(artifacts, tmp_path / "card") / "lineage.json").read_text())
    assert lineage["data"] == {
        "dataset": "shop", "split": "u80", "fingerprint": "ab12", "first_event": 10 * DAY,
        "last_event": 20 * DAY, "rows": {"users": 60, "interactions": 1800}}
    assert lineage["model"] == {"id": 1, "uri": str(tmp_path / "model"),
                                "run_id": "20260102-000000"}
    assert lineage["parent"]["run_id"] == "20260101-000000"
    assert (lineage["code"], lineage["seed"]) == ({"training": "c0de"}, 3)
    assert lineage["config"] == CONFIG and "run_id" in lineage


def test_a_first_model_has_no_parent(artifacts, tmp_path):
    folder = carded(artifacts, tmp_path / "card", parent=True)
    assert json.loads((folder / "lineage.json").read_text())["parent"] is None
    assert "No model was blessed before it." in (folder / "model_card.md").read_text()


def test_both_forms_say_the_same(artifacts, tmp_path):
    folder = carded(artifacts, tmp_path / "card")
    page = Page((folder / "model_card.html").read_text())
    markdown = (folder / "model_card.md").read_text().replace("\\", "")
    assert page.fetched == [] and "<b>" not in (folder / "model_card.html").read_text()
    for words in (
            "some|<b>recipe</b> on shop", "1970-01-11 to 1970-01-21", "Split 'u80'", "0.2031",
            "0.1675 to 0.2356", "ease", "+0.0687", "10 minutes", "0.3286", "0.2204",
            "0.5714", "0.0321", "0.7321", "content-ridge", "0.6123", "rmse less the biases'",
            "Privacy mode: none", "37% of the test events are of items", "48 users only",
            "not made for decisions about people", "Every check passed."):
        assert words in page.text, words
        assert words in markdown, words
    assert "user-knn" not in page.text
    (row,) = [line for line in markdown.splitlines() if line.startswith("| ndcg@10 | 0.2031")]
    assert row == "| ndcg@10 | 0.2031 | 0.1675 to 0.2356 |"


def test_what_was_not_measured_is_left_out(tmp_path):
    made_of = {"config": CONFIG, "seed": 3, "run_id": "r", "parent": None, "guarantee": None,
               "data": {"dataset": "shop", "split": "random", "fingerprint": "", "rows": {},
                        "first_event": None, "last_event": None}}
    write_card(tmp_path, made_of, {}, {}, ["NDCG@10 is low"])
    text = (tmp_path / "model_card.md").read_text()
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles == ["## Intended use", "## Data", "## Limits", "## Privacy"]
    assert "The events have no times." in text and "The split is random" in text
    assert "Refused: NDCG@10 is low" in text


@pytest.mark.parametrize(("privacy", "mode"), [
    ({}, "none"), ({"pseudonyms": False}, "none"), ({"pseudonyms": True}, "pseudonyms"),
    ({"pseudonyms": True, "scrub": True}, "pseudonyms, scrub")])
def test_the_privacy_mode_is_that_of_the_configuration(artifacts, tmp_path, monkeypatch, privacy,
                                                       mode):
    monkeypatch.setitem(CONFIG, "privacy", privacy)
    text = (carded(artifacts, tmp_path / "card") / "model_card.md").read_text()
    assert f"Privacy mode: {mode}." in text


def test_a_private_training_is_told_with_the_epsilon_that_the_trainer_wrote(artifacts, tmp_path):
    guarantee = {"epsilon": 1.036, "delta": 1e-5, "steps": 10_000}
    (tmp_path / "model_run" / "summary.json").write_text(json.dumps({"privacy": guarantee}))
    folder = carded(artifacts, tmp_path / "card")
    assert "an epsilon of 1.04 at a delta of 1e-05" in (folder / "model_card.md").read_text()
    assert json.loads((folder / "lineage.json").read_text())["guarantee"] == guarantee
