import dataclasses
from collections import Counter

import numpy as np
import pytest

from pipeline.explanation.attribution import ExplainedModel
from pipeline.explanation.explainer import Explainer
from pipeline.explanation.page import page
from schemas import InputError
from schemas.media import SOUND_RATE
from trainer.modalities.audio.explain import windows
from trainer.modalities.image.explain import regions
from trainer.modalities.terms import shared
from trainer.modalities.text.explain import _of_characters, _of_run
from trainer.recipe import parse_recipe


@pytest.fixture(scope="module")
def explanation(explainer):
    return explainer.explain("ann", "7", method="gradients")


def worth(explanation, kind):
    return {(e.side, e.feature, e.place): e.value for e in explanation.effects if e.kind == kind}


def test_words_and_values_have_their_shares(explanation):
    # "A <dull> heist, a HEIST": the unknown words are "a", twice.
    assert worth(explanation, "word") == pytest.approx({
        ("users", "about", "trains"): 0.5, ("items", "about", "heist"): 2,
        ("items", "about", "dull"): -1, ("items", "about", "a"): 0.25})
    assert worth(explanation, "value") == pytest.approx(
        {("items", "genres", "noir"): 4, ("items", "genres", "crime"): 0.5})


def test_the_wholes_are_the_sums_and_what_is_missing_is_named(explanation):
    assert worth(explanation, "whole") == pytest.approx({
        ("users", "about", None): 0.5, ("items", "id", None): 0.25, ("items", "about", None): 1.25,
        ("items", "poster", None): 2, ("items", "genres", None): 4.5})
    assert (explanation.baseline, explanation.undivided) == (1.75, [])


def test_pixels_are_summed_to_regions_and_all_to_the_score(explanation, source):
    patches = worth(explanation, "patch")
    assert len(patches) == 64
    # The last of four rows of pixels: two pixels of 0.125 a region, in one row of regions.
    assert [place for (*_, place), value in patches.items() if value] == list(range(48, 56))
    assert patches["items", "poster", 48] == pytest.approx(0.25)
    assert "+10.2500, there +1.7500, that is +8.5000" in page(explanation, source.spec)


def test_content_without_a_heat_map_is_told(source, monkeypatch):
    explainer, ask = Explainer(source), ExplainedModel.ask

    def of_visual_words(model, signature, requests):
        return {n: v for n, v in ask(model, signature, requests).items() if n != "items_poster"}

    monkeypatch.setattr(ExplainedModel, "ask", of_visual_words)
    explanation = explainer.explain("ann", "7", method="gradients")
    assert explanation.undivided == [("items", "poster")]
    html = page(explanation, source.spec)
    assert "No gradient divides items poster into parts; occlusion does." in html
    assert "<rect " not in html


@pytest.mark.parametrize(("method", "changes", "message"), [
    ("saliency", {}, "Unknown method 'saliency'. Known: gradients, occlusion"),
    ("gradients", {"model": "older"}, "no signature 'gradients'. Run `tessera run` again"),
    ("gradients", {"recipe": parse_recipe(
        description="computed", family="similarity", modalities=(),
        tasks={"retrieval": {"head": "retrieval"}})},
     "'similarity' is computed.*--method occlusion")])
def test_what_cannot_be_explained_is_refused(source, method, changes, message):
    if "model" in changes:
        changes = {"model": source.model.parent / changes["model"]}
    elif changes:
        changes = {"bound": dataclasses.replace(source.bound, **changes)}
    with pytest.raises(InputError, match=message):
        Explainer(dataclasses.replace(source, **changes)).explain("ann", "7", method=method)


def _of_values(term, word, count):
    return int(term == word)


@pytest.mark.parametrize(("terms", "values", "part", "expected"), [
    # A run of two words belongs to both alike.
    (["red", "red hat"], [1.0, 4.0], _of_run, {"red": 3.0, "hat": 2.0}),
    # "_ha" begins "hat", which stands there once, and "have", twice; "red" has it not.
    (["_ha", "red"], [3.0, 5.0], _of_characters, {"hat": 1.0, "have": 2.0, "red": 5.0}),
    (["hat", "?", ""], [1.0, 3.0, 0.0], _of_values, {"hat": 1.0, "red": 1.0, "have": 2.0}),
    # Of a full list nobody knows which words are unknown and which were left out.
    (["hat", "?"], [1.0, 3.0], _of_values, {"hat": 1.0}),
    (["hats", ""], [1.0, 0.0], _of_values, {})])
def test_terms_are_shared_by_their_words(terms, values, part, expected):
    shown = Counter({"red": 1, "hat": 1, "have": 2})
    assert shared(shown, terms, np.array(values), part) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(8, 8), (9, 30), (32, 17)])
def test_every_pixel_is_in_one_region(shape):
    pixels = np.random.default_rng(0).normal(size=shape)
    assert regions(pixels).shape == (8, 8) and regions(pixels).sum() == pytest.approx(pixels.sum())
    corner = np.zeros(shape)
    corner[-1, 0] = 1
    assert regions(corner)[7, 0] == 1


def test_frames_of_the_middle_are_windows_of_the_whole():
    # Of 16 seconds the middle 4 are heard: windows 6 to 9 of a second each.
    heard = windows(np.ones(199), 16 * SOUND_RATE, 4)
    assert np.flatnonzero(heard).tolist() == [6, 7, 8, 9] and heard.sum() == 199
    # A sound of one second fills the middle quarter of what is heard.
    frames = np.zeros(199)
    frames[100] = 1
    assert windows(frames, SOUND_RATE, 4)[8] == 1
