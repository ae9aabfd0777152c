"""A recipe that wants more of the past than the data have is refused before anything runs."""

import pytest
from worlds import column, history, small_spec

from pipeline.recipe_checks import check_behaviour
from schemas import InputError
from trainer.recipe import bind, parse_recipe

HISTORIES = history("items", "item_id", "BYTES") + history("times", "timestamp")
NOTES = history("notes", "note", "BYTES")


def check(behaviour, events="", users="", items="", **more):
    tasks = {"retrieval": {"head": "retrieval"}}
    recipe = parse_recipe(description="x", tasks=tasks, behaviour=behaviour, **more)
    spec = small_spec(users, items, events, time="when", name="mine")
    return check_behaviour(bind(recipe, spec).recipe, "my", spec)


def refused(*given, **more):
    with pytest.raises(InputError) as caught:
        check(*given, **more)
    return str(caught.value)


@pytest.mark.parametrize("behaviour", [["history", "context"], []])
def test_the_default_asks_for_nothing(behaviour):
    assert check(behaviour) is None


@pytest.mark.parametrize(("behaviour", "wanted"), [
    (["counts"], "counts"), (["context", "series"], "series"), (["reviews"], "reviews"),
    ({"history": {"tower": "gru"}}, "history (gru)"),
])
def test_data_without_histories(behaviour, wanted):
    message = refused(behaviour)
    assert f"Recipe 'my', key 'behaviour': {wanted} needs histories" in message
    assert "the interactions of 'mine' have: none" in message
    assert "'history:item_id' and 'history:timestamp'" in message


@pytest.mark.parametrize("tags", [["text"], ["text", "pii"]])
def test_data_without_a_history_of_texts(tags):
    note = column("note", "BYTES", *tags)
    past = NOTES if "pii" in tags else ""
    message = refused(["history", "reviews", "item_reviews"], HISTORIES + note + past)
    assert "reviews, item_reviews needs the texts of earlier events" in message
    assert "have: history:item_id, history:timestamp" in message
    assert "'history:COLUMN'" in message and "take reviews and item_reviews out" in message


def test_data_with_all_of_it():
    note = column("note", "BYTES", "text")
    everything = {"history": {"tower": "self_attention"}, "counts": {}, "series": {"tower": "vae"},
                  "reviews": {}, "item_reviews": {}}
    assert check(everything, HISTORIES + note + NOTES) is None
