"""A recipe that wants more of the past than the data have is refused before anything runs."""

import pytest
from worlds import column, history, small_spec

from pipeline.check_behaviour import check_behaviour
from schemas import InputError
from trainer.recipe import parse_recipe
from trainer.recipe.modalities import for_dataset

HISTORIES = history("items", "item_id", "BYTES") + history("times", "timestamp")
NOTES = history("notes", "note", "BYTES")


def check(model, events="", users="", items="", **more):
    tasks = {"retrieval": {"head": "retrieval"}}
    recipe = parse_recipe(description="x", tasks=tasks, model=model, **more)
    spec = small_spec(users, items, events, time="when", name="mine")
    return check_behaviour(for_dataset(recipe, spec), "my", spec)


def refused(*given, **more):
    with pytest.raises(InputError) as caught:
        check(*given, **more)
    return str(caught.value)


@pytest.mark.parametrize("model", [{}, {"history": False}, {"behaviour": []}])
def test_the_default_asks_for_nothing(model):
    assert check(model) is None


@pytest.mark.parametrize("model", [
    {"behaviour": ["counts"]}, {"behaviour": ["context", "series"]}, {"behaviour": ["reviews"]},
    {"towers": {"history": "gru"}},
])
def test_data_without_histories(model):
    message = refused(model)
    wanted = (model.get("behaviour") or ["history (gru)"])[-1]
    assert f"Recipe 'my', key 'model.behaviour': {wanted} needs histories" in message
    assert "the interactions of 'mine' have: none" in message
    assert "'history:item_id' and 'history:timestamp'" in message


@pytest.mark.parametrize("tags", [["text"], ["text", "pii"]])
def test_data_without_a_history_of_texts(tags):
    note = column("note", "BYTES", *tags)
    past = NOTES if "pii" in tags else ""
    message = refused({"behaviour": ["history", "reviews", "item_reviews"]},
                      HISTORIES + note + past)
    assert "reviews, item_reviews needs the texts of earlier events" in message
    assert "have: history:item_id, history:timestamp" in message
    assert "'history:COLUMN'" in message and "take reviews and item_reviews out" in message


def test_data_with_all_of_it():
    note = column("note", "BYTES", "text")
    assert check({"behaviour": ["history", "counts", "series", "reviews", "item_reviews"],
           "towers": {"history": "self_attention", "series": "vae"}},
          HISTORIES + note + NOTES) is None
