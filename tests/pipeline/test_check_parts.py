"""A column that is called like a part of the network is refused, and would never replace it."""

import pytest
from worlds import column, history, small_spec

from pipeline.recipe_checks import check_part_names
from schemas import InputError, available, read_spec
from trainer.network.part import Built, Part, build_parts
from trainer.network.plan import plan_parts
from trainer.recipe import bind, parse_recipe
from trainer.recipe.behaviour import PARTS
from trainer.recipe.recipe import known_modalities

HISTORIES = (history("items", "item_id", "BYTES") + history("times", "timestamp")
             + column("note", "BYTES", "text") + history("notes", "note", "BYTES"))
PLOT = column("plot", "BYTES", "text")


def number(name):
    return column(name, "INT", "numeric")


def check(users="", items="", events=HISTORIES, **changes):
    recipe = parse_recipe(
        **{"description": "x", "tasks": {"find": {"head": "retrieval"}}, **changes})
    spec = small_spec(users, items, events, time="when", name="mine")
    return check_part_names(bind(recipe, spec).recipe, "my", spec)


@pytest.mark.parametrize(("given", "told"), [
    ({"items": number("id")}, "the items of 'mine' have a column 'id', and the part of the model "
     "that reads the ids has the same name. Rename the column."),
    ({"users": number("id")}, "the users of 'mine' have a column 'id'"),
    ({"users": number("history")}, "the users of 'mine' have a column 'history', and the part of "
     "the model that reads 'history' of 'behaviour' has the same name"),
    ({"users": number("counts"), "behaviour": ["counts"]}, "a column 'counts'"),
    ({"items": number("item_reviews"), "behaviour": ["item_reviews"]},
     "the items of 'mine' have a column 'item_reviews'"),
    ({"items": PLOT + number("plot_topics"), "modalities": {"all": {}, "text": {"topics": 4}}},
     "a column 'plot_topics', and the part of the model that reads the topics of 'plot' has"),
    ({"items": number("plot_sentiment") + PLOT,
      "modalities": {"numeric": {}, "text": {"sentiment": True}}},
     "a column 'plot_sentiment', and the part of the model that reads the sentiment of 'plot'"),
    ({"users": PLOT + number("plot_encoded"),
      "modalities": {"numeric": {}, "text": {"encoder": {"handle": "x"}}}},
     "a column 'plot_encoded', and the part of the model that reads the encoder's vectors of "
     "'plot'"),
])
def test_a_column_called_like_a_part(given, told):
    with pytest.raises(InputError) as caught:
        check(**given)
    assert str(caught.value).startswith("Recipe 'my': the ") and told in str(caught.value)


@pytest.mark.parametrize("given", [
    {"users": number("counts"), "behaviour": ["series"]},
    {"users": number("history"), "behaviour": []},
    {"users": number("history"), "events": ""},
    {"items": number("history")},  # nothing of the past is on the items' side by default
    {"items": number("id"), "modalities": []},
    {"items": PLOT + number("plot_topics")},
    {"items": number("id"), "family": "forest", "rank_by": "like",
     "tasks": {"like": {"head": "binary", "label": "like"}}},
])
def test_a_name_that_no_other_part_has(given):
    assert check(**given) is None


ASKED = {"text": {"topics": 2, "sentiment": True, "encoder": {"handle": "x"}},
         "image": {"encoder": {"handle": "y"}}}


@pytest.mark.parametrize("dataset", available())
def test_the_datasets_of_the_project_have_names_of_their_own(dataset):
    spec = read_spec(dataset)
    recipe = parse_recipe(description="x", tasks={"find": {"head": "retrieval"}},
                          behaviour=list(PARTS), modalities={"all": {}, **{
                              name: options for name, options in ASKED.items()
                              if name in known_modalities(spec)}})
    recipe = bind(recipe, spec).recipe
    check_part_names(recipe, "all", spec)
    first = plan_parts(spec, recipe, "items")[0]
    assert (first.name, first.reads) == ("id", "the ids")


def test_parts_are_never_replaced():
    def part(name):
        return Part(name, "items", "", lambda materials: Built(materials, None, None))

    parts, built = build_parts([part("id"), part("age")], "tower")
    assert [(one.name, one.layer) for one in parts] == [("id", "tower"), ("age", "tower")]
    assert len(built) == 2
    with pytest.raises(ValueError, match="two parts of the network have the same name: id"):
        build_parts([part("id"), part("id")], "tower")
