"""Explanations of a modality that is none of Tessera's own, whatever it calls its pieces."""

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.explanation.attribution import Effect, Question
from pipeline.explanation.explainer import Explanation
from pipeline.explanation.methods import occlusion
from pipeline.explanation.page import section
from schemas import parse_spec
from trainer.modalities import MODALITIES, Division
from trainer.parts.part import Built, Embedded, Numbers, Part

NOTHING = [0.0, 0.0]  # which places are compared with, of any column


@pytest.fixture
def spec(extension):
    from worlds import column, small_spec

    plain = small_spec(items=column("home", "FLOAT", "geo", most=2)
                       + column("work", "FLOAT", "geo", most=2))
    return parse_spec("places", plain.texts)


@pytest.mark.parametrize("kind", ["axis", "word", "patch", "frame"])
def test_pieces_are_shown_whatever_they_are_called(spec, kind):
    effects = [Effect("items", "home", kind, place, 0.5) for place in ("north", "east")]
    page = section(Explanation("ann", "7", "like", "occlusion", {}, effects, None, [], {
        "users": {}, "items": {}}, {"users": {}, "items": {"home": [41.0, 9.0]}}), spec)
    assert ">north</span>" in page and ">east</span>" in page


def test_each_column_is_compared_with_its_own_reference(spec, monkeypatch):
    """A modality may have one value that says nothing, for all of its columns."""
    monkeypatch.setattr(type(MODALITIES["geo"]), "divide", lambda self, values: iter(
        [Division("axis", "north", [0.0, values[1]], NOTHING)]))

    def ask(signature, requests):
        return {"like": np.array([10 * sum(one["items_home"]) + sum(one["items_work"])
                                  for one in requests])}

    source = SimpleNamespace(
        bound=SimpleNamespace(inputs=lambda side: [f for f in spec.inputs(side)]), spec=spec,
        recipe=SimpleNamespace(reads_history=False))
    base = {"items_home": [1.0, 1.0], "items_work": [2.0, 2.0], "item_id": ["7"]}
    answer = occlusion(SimpleNamespace(ask=ask), Question(source, "like", {
        "users": {}, "items": {"home": base["items_home"], "work": base["items_work"]}}, base))
    pieces = {one.feature: one.value for one in answer.effects if one.kind == "axis"}
    # Without a home 4, with its east alone 14; without a place of work 20 and 22.
    assert pieces == {"home": 4 - 14, "work": 20 - 22}


def test_a_part_has_gradients_of_one_kind():
    with pytest.raises(ValueError, match="two parts"):
        Part("home", "items", "the home", lambda materials: Built(None, None, None),
             gradient=(Numbers(lambda value: value), Embedded()))
