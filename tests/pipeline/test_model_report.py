"""The page about a run's model, from made-up figures."""

import re

import pytest
from pages import Page

from pipeline.model_report import report
from pipeline.model_report.content import curve_charts, slices

METRICS = {
    "recipe": "some<b>", "dataset": "demo", "split": "u80", "seed": 1, "blessed": False,
    "not_blessed_because": ["NDCG@10 0.010 is below <popularity>"],
    "timings": {"Trainer": 12.34, "CatalogGen": 0.1}, "cached": {"Trainer": False,
                                                               "CatalogGen": True},
    "ranking": {"ndcg@10": 0.1234, "recall@20": 0.3, "users": 286},
    "baselines": {"popularity": {"ndcg@10": 0.0567}, "ease": {"skipped": "too many items"}},
    "paired": {"popularity": {"mean": 0.05, "low": 0.01, "high": 0.09, "p_value": 0.01}},
    "unseen": {"candidates": 40, "model": {"ndcg@10": 0.4321, "recall@50": 1.0, "users": 150},
               "random": {"ndcg@10": 0.2, "recall@50": 1.0}},
    "tasks": {"rating": {"rmse": 0.8765, "mae": None}},
    "parameters": 69784, "serving": {"p50_ms": 4.0, "p99_ms": 12.5},
    "training": {"epochs": 3, "seconds": 41.2, "losses": ["next", "like"], "ranking": "next",
                 "scored": ["like", "next"],
                 "user_modalities": ["id", "history"],
                 "item_modalities": ["id", "photo"]},
}
CURVES = {"first": {"loss": [3.0, 2.0], "like_loss": [0.7, 0.6], "seconds": [1.0, 1.0],
                    "validation_ndcg@10": [0.1, 0.2]},
          "second": {"loss": [3.0], "like_loss": [0.7], "seconds": [1.0]}}
ANSWERS = [
    {"signature": "recommend", "inputs": {"user_id": ["u0"]}, "outputs": {}},
    {"signature": "serving_default",
     "inputs": {"user_id": ["u1"], "candidates": [["p1", "p2"]]},
     "outputs": {"next": [[0.5, 1.5]], "like": [[0.9, 0.1]],
                 "user_modality_weights": [[0.25, 0.75]],
                 "item_modality_weights": [[[0.4, 0.6], [1.0, 0.0]]]}},
]


def cells(html: str) -> str:
    """Returns a page's text with a blank between any two elements."""
    return " ".join(re.sub("<[^>]*>", " ", html).split())


@pytest.fixture(scope="module")
def page():
    return Page(report(METRICS, CURVES, ANSWERS, [("Heat <maps>", "<b>seen</b>")]))


def test_it_has_every_part_and_needs_nothing_from_elsewhere(page):
    assert page.fetched == []
    assert page.sections == ["ranking", "unseen", "tasks", "curves", "weights", "predictions",
                             "steps"]
    for words in ("some<b> on demo", "below <popularity>", "69,784 parameters", "3 epochs",
                  "0.1234", "0.0567", "+0.0500", "0.4321", "150 users", "rmse 0.8765", "mae –",
                  "Losses of the first fit", "Losses of the second fit", "Heat <maps>", "seen",
                  "12.3", "prefers-color-scheme: dark"):
        assert words in page.text, words


def test_answers_are_explained_best_first_by_what_weighed_most(page):
    text = page.text
    assert "For u1 (history 0.75, id 0.25)" in text
    assert text.index("p2") < text.index("p1")
    assert "photo 0.60, id 0.40" in text
    assert "u0" not in text


def test_a_run_that_reached_little_has_a_page_too():
    bare = {key: METRICS[key] for key in (
        "recipe", "dataset", "split", "seed", "blessed", "not_blessed_because", "timings",
        "cached")}
    assert Page(report(bare, {}, [])).sections == ["steps"]
    skipped = bare | {"unseen": {"candidates": 0, "skipped": "No unseen item to rank: none."}}
    assert "No unseen item to rank" in report(skipped, {}, [])


def test_a_task_of_several_labels_shows_each_of_them():
    moods = {"auc": 0.75, "auc_by_label": {"calm": 0.5, "joy": None}}
    page = report(METRICS | {"tasks": {"moods": moods}}, {}, [])
    assert "auc_by_label calm 0.5000" in page and "auc_by_label joy –" in page


def test_the_verdict_is_first_with_its_reasons_and_warnings():
    warned = METRICS | {
        "data": {"warnings": ["Table users: the ages moved."]},
        "checks": {"Latency": {"passed": False, "blesses": False, "reasons": ["p99 is 9 ms"]},
                   "Ranking": {"passed": False, "blesses": True, "reasons": ["it is low"]}}}
    text = Page(report(warned, {}, [])).text
    first = text[:text.index("69,784 parameters")]
    for phrase in ("Not blessed", "below <popularity>", "the ages moved", "Latency: p99 is 9 ms"):
        assert phrase in first, phrase
    assert "it is low" not in first, "what refused the model is among the reasons"
    assert 'class="banner good"' in report(METRICS | {"blessed": True}, {}, [])
    assert 'class="banner warn"' in report(warned | {"blessed": True}, {}, [])


def test_the_last_model_is_beside_this_one():
    figures = METRICS | {
        "labels": {"rating": {"metrics": {"rmse": {"less_is_better": True}}}},
        "versus_last_blessed": {"difference": 0.0234, "low": -0.01, "high": 0.05, "p": 0.1,
                                "ndcg@10": 0.1, "recall@20": 0.4},
        "last_blessed": {"tasks": {"rating": {"rmse": 0.9, "mae": 0.7}, "gone": {"auc": 0.6}}}}
    page = report(figures, {}, [])
    text = cells(page)
    for row in ("ndcg@10 0.1000 0.1234 +0.0234", "recall@20 0.4000 0.3000 -0.1000",
                "rating rmse 0.9000 0.8765 -0.0235"):
        assert row in text, row
    assert "gone" not in text and "rating mae" not in text
    assert "from -0.0100 to +0.0500" in text
    assert page.count('class="n good"') == 2, "a smaller error is better"
    assert page.count('class="n bad"') == 1
    skipped = METRICS | {"versus_last_blessed": {"skipped": "It could not rank."}}
    assert "It could not rank." in report(skipped, {}, [])
    assert '<section id="since">' not in report(METRICS, {}, [])


def test_three_explanations_are_open_and_the_others_are_a_click_away():
    sections = [(f"pair {number}", "heat") for number in range(5)]
    page = report(METRICS, {}, ANSWERS, sections)
    opened, _, folded = page.partition("<details>")
    assert opened.count("<h3>") == 3 and folded.count("<h3>") == 2
    assert "3 more" in folded and "For u1" in folded
    assert "<details>" not in report(METRICS, {}, ANSWERS, sections[:2])


def test_a_warm_start_is_told():
    def shown(**began):
        training = METRICS["training"] | {"warm_start": began, "cold_validation": [0.1, 0.2],
                                          "validation_ndcg@10": [0.3]}
        return cells(report(METRICS | {"training": training}, {}, []))

    page = shown(carried={"users": 95}, new={"users": 5}, fresh_weights=2)
    assert "users 95 5" in page and "but for 2 that" in page
    assert "this training" in page and "the cold start" in page
    assert "started cold: another network" in shown(skipped="another network")


def test_what_content_is_worth_is_drawn():
    whole = {"ndcg@10": 0.2, "cold_recall@50": 0.6, "cold_ndcg@10": 0.3}
    figures = {"recall@50": 0.6, "ndcg@10": 0.3}
    shown = report({
        "recipe": "mine", "dataset": "d", "split": "u80", "seed": 1, "timings": {}, "cached": {},
        "not_blessed_because": [], "cold_items": {
            "items": 20, "users": 30, **figures, "baselines": {"content-ridge": figures}},
        "ablation": {"none": whole, "text": dict.fromkeys(whole, 0.1)},
        "importance": {"users": {}, "items": {"price": 0.01}, "history": -0.001},
        "training": {"late_fusion": {"weights": {"factors_of_relevant": 0.7, "network": 0.3}}},
    }, {}, [])
    for phrase in ("content-ridge", "without text", "items price", "factors of relevant"):
        assert phrase in shown, phrase
    assert '<section id="cold">' in shown and '<section id="worth">' in shown


def test_what_a_private_training_guarantees_is_told():
    privacy = {"epsilon": 3.6797, "delta": 1e-5, "steps": 200}
    page = report(METRICS | {"training": METRICS["training"] | {"privacy": privacy}}, {}, [])
    assert "epsilon 3.68 at delta 1e-05, after 200 steps" in cells(page)


SLICED = {
    "slices": {
        "user_activity": {"no event": {"users": 3, "ndcg@10": 0.1, "low": 0.0, "high": 0.2,
                                       "baseline_ndcg@10": 0.05, "recall@20": 0.2, "hr@10": 0.3,
                                       "mrr": 0.1}},
        "item_popularity": {"no event": {"pairs": 4, "recall@10": 0.5,
                                         "baseline_recall@10": 0.0}}},
    "predictions": {"like": {"rows": 9, "auc": 0.7, "slices": {
        "gap": {"longer": {"rows": 5}}}}},
}


def test_each_kind_of_group_has_its_table():
    of_users, of_items, of_rows = (table for _, table in slices(SLICED))
    assert [row["name"] for row in of_users["rows"]] == ["user_activity: no event"]
    assert of_users["rows"][0]["figures"][:2] == [3, 0.1]
    assert of_items["rows"] == [{"name": "item_popularity: no event", "figures": [4, 0.5, 0.0]}]
    assert of_rows["names"] == ("rows", "auc")
    assert [row["figures"] for row in of_rows["rows"]] == [[9, 0.7], [5, None]]


def test_the_reader_is_told_that_small_groups_are_one():
    (title, _), *_ = slices(SLICED | {"fewest_users": 7})
    assert "fewer than 7 users" in title
    assert "fewer" not in slices(SLICED)[0][0]


def test_there_is_none_without_figures():
    assert slices({}) == []


def test_the_curves_are_those_that_the_training_names_whatever_they_are_called():
    """A task may be called as another one's loss, or as validation."""
    tasks = ["a_loss", "validation_x"]
    metrics = METRICS | {"training": {"losses": tasks}}
    curves = {"first": {"loss": [3.0, 2.0], "a_loss_loss": [0.7, 0.6],
                        "validation_x_loss": [0.5, 0.4], "validation_ndcg@10": [0.1, 0.2]}}
    losses, validation = curve_charts(metrics, curves)
    assert all(f">{name}<" in losses for name in ("all, balanced", *tasks))
    assert ">ndcg@10<" in validation and "validation_x" not in validation
