"""A recipe that wants more of the past than the data have is refused before anything runs."""

import pytest

from pipeline.check_behaviour import check_behaviour
from schemas import InputError, parse_spec
from trainer.recipe import Recipe
from trainer.recipe.modalities import for_dataset

ID = 'feature {{ name: "{0}" type: BYTES annotation {{ {1} }} }}\n'
USERS, ITEMS = ID.format("who", 'tag: "user_id"'), ID.format("what", 'tag: "item_id"')
TIME = 'feature { name: "when" type: INT annotation { tag: "timestamp" } }\n'
PAST = ('feature {{ name: "{0}" type: {1} value_count {{ min: 0 max: 4 }} '
        'annotation {{ tag: "history:{2}" }} }}\n')
HISTORIES = PAST.format("items", "BYTES", "item_id") + PAST.format("times", "INT", "timestamp")


def check(model, events="", users="", items="", **more):
    tasks = {"retrieval": {"head": "retrieval"}}
    recipe = Recipe(description="x", tasks=tasks, model=model, **more)
    spec = parse_spec("mine", [USERS + users, ITEMS + items, USERS + ITEMS + TIME + events])
    check_behaviour(for_dataset(recipe, spec), "my", spec)


def refused(*given, **more):
    with pytest.raises(InputError) as caught:
        check(*given, **more)
    return str(caught.value)


@pytest.mark.parametrize("model", [{}, {"history": False}, {"behaviour": []}])
def test_the_default_asks_for_nothing(model):
    check(model)


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


@pytest.mark.parametrize("tags", ['tag: "text"', 'tag: "text" tag: "pii"'])
def test_data_without_a_history_of_texts(tags):
    note = ID.format("note", tags)
    past = PAST.format("notes", "BYTES", "note") if "pii" in tags else ""
    message = refused({"behaviour": ["history", "reviews", "item_reviews"]},
                      HISTORIES + note + past)
    assert "reviews, item_reviews needs the texts of earlier events" in message
    assert "have: history:item_id, history:timestamp" in message
    assert "'history:COLUMN'" in message and "take reviews and item_reviews out" in message


def test_data_with_all_of_it():
    note = ID.format("note", 'tag: "text"')
    check({"behaviour": ["history", "counts", "series", "reviews", "item_reviews"],
           "towers": {"history": "self_attention", "series": "vae"}},
          HISTORIES + note + PAST.format("notes", "BYTES", "note"))
