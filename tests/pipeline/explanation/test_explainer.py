"""Explanations of a model whose score is known by heart."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from refusals import refuses

from pipeline.explanation.explainer import Explainer
from pipeline.explanation.page import explanations, page
from schemas import InputError


@pytest.fixture(scope="module")
def explanation(explainer):
    return explainer.explain("ann", "7")


def worth(explanation, kind):
    return {(e.side, e.feature, e.place): e.value for e in explanation.effects if e.kind == kind}


def test_scores_are_the_models_and_a_fusions_rankers_sum_to_one(explanation, explainer, source):
    # heist 2, dull -1, trains 1, corner 2, noir 4, history .5, item .25, price 1.5
    assert explanation.scores["retrieval"] == pytest.approx(10.25)
    assert explanation.scores["like"] == pytest.approx(1 / (1 + math.exp(-10.25)))
    assert explanation.rankers == pytest.approx(
        {"popularity": 8.25, "factors_of_relevant": 0.5, "network": 1.5})
    assert sum(explanation.rankers.values()) == pytest.approx(explanation.scores["retrieval"])
    assert not explainer.explain("ann", "7", "like").rankers


def test_each_word_has_its_worth_on_both_sides(explanation):
    words = worth(explanation, "word")
    assert words == pytest.approx({
        ("users", "about", "loves"): 0, ("users", "about", "trains"): 1,
        ("items", "about", "a"): 0, ("items", "about", "dull"): -1,
        ("items", "about", "heist"): 2}, abs=1e-5)


def test_regions_values_and_whole_features_have_their_worth(explanation):
    regions = {place: value for (_, _, place), value in worth(explanation, "patch").items()}
    assert regions.pop(0) == pytest.approx((200 - int(200 / 64)) / 100, abs=1e-4)
    assert len(regions) == 63 and np.abs([*regions.values()]).max() < 1e-5
    assert worth(explanation, "value") == pytest.approx(
        {("items", "genres", "noir"): 4, ("items", "genres", "crime"): 0}, abs=1e-5)
    assert worth(explanation, "whole") == pytest.approx({
        ("users", "about", None): 1, ("users", "history", None): 0.5, ("items", "id", None): 0.25,
        ("items", "about", None): 1, ("items", "poster", None): 2, ("items", "price", None): 1.5,
        ("items", "genres", None): 4}, abs=1e-5)


def test_absent_features_have_no_worth(explainer):
    bare = explainer.explain("bob", "9")
    assert {(e.side, e.feature) for e in bare.effects} == {("users", "history"), ("items", "id")}
    assert bare.scores["retrieval"] == 0


@pytest.mark.parametrize(("asked", "message"), [
    (("cyd", "7"), "Unknown user 'cyd'.* There are 2, such as 'ann', 'bob'"),
    (("ann", "8"), "Unknown item '8'.* There are 2, such as '7', '9'"),
    (("ann", "7", "rating"), "Unknown task 'rating'. Known: like, retrieval"),
])
def test_unknown_names_are_refused(explainer, asked, message):
    with pytest.raises(InputError, match=message):
        explainer.explain(*asked)


def test_data_that_are_gone_and_a_model_of_an_older_version_are_refused(source, tmp_path):
    moved = dataclasses.replace(source, tables={**source.tables, "items": tmp_path / "gone"})
    with refuses("tables-gone", "items", "gone"):
        Explainer(moved).explain("ann", "7")
    module = tf.Module()
    module.recommend = tf.function(lambda user_id: {"x": user_id}, input_signature=[
        tf.TensorSpec([None], tf.string, "user_id")])
    tf.saved_model.save(module, str(tmp_path), signatures={"recommend": module.recommend})
    with refuses("model-too-old", "'explain'"):
        Explainer(dataclasses.replace(source, model=tmp_path))


def test_the_page_is_self_contained_and_escapes_the_data(explanation, source):
    html = page(explanation, source.spec)
    assert html.startswith("<!doctype html>") and html.count("<html") == 1
    assert "http:" not in html and "https:" not in html and "<script" not in html
    assert "<dull>" not in html and "&lt;" in html
    assert html.count("<rect ") == 64
    assert 'title="+2.0000">HEIST</span>' in html and 'title="-1.0000">dull</span>' in html
    assert "0.750" in html  # the weight of the user's text
    assert "<h3>Rankers</h3>" in html and "+8.2500" in html
    assert "factors of relevant" in html


def test_another_page_shows_no_word_of_people_that_the_model_does_not_know(source, tmp_path):
    older = dataclasses.replace(source, model=source.model.parent / "older")  # by occlusion
    assert "trains" not in explanations(older, [("ann", "7")])[0][1]
    known = tmp_path / "transform_fn" / "assets" / "about"
    known.parent.mkdir(parents=True)
    known.write_text("like\ntrains\n", encoding="utf-8")
    fitted = dataclasses.replace(older, graphs={"users": tmp_path})
    html = explanations(fitted, [("ann", "7")])[0][1]
    assert "trains" in html and "…" in html and "HEIST" in html, "an item's words are nobody's"


def test_sections_for_another_page(source):
    (title, html), = explanations(source, [("ann", "9")])
    assert title == "User ann, item 9: integrated gradients" and html.startswith("<section")
    # bob is recommended nothing, so ann's best item alone is explained; an older model has no
    # gradients.
    older = dataclasses.replace(source, model=source.model.parent / "older")
    assert [one for one, _ in explanations(older)] == ["User ann, item 7: occlusion"]
