"""What a recipe may say of the past."""

import pytest
from pydantic import ValidationError

from trainer.preprocessing.past import NOTHING, Past
from trainer.recipe import parse_recipe

TASKS = {"retrieval": {"head": "retrieval"}}


def _recipe(model, tasks=TASKS, **more):
    return parse_recipe(description="x", tasks=tasks, model=model, **more)


def _refused(model, **more):
    with pytest.raises(ValidationError) as caught:
        _recipe(model, **more)
    (error,) = caught.value.errors()
    return error["msg"]


def test_the_default_reads_history_and_context_and_derives_nothing_more():
    recipe = _recipe({})
    assert recipe.model.past_parts == ("history", "context")
    assert recipe.past == NOTHING


def test_without_a_history_nothing_of_the_past_is_read():
    recipe = _recipe({"history": False})
    assert recipe.model.past_parts == () and recipe.past == NOTHING


@pytest.mark.parametrize(("model", "expected"), [
    ({"towers": {"history": "gru"}}, Past(sequence=True)),
    ({"behaviour": ["counts"]}, Past(counts=True)),
    ({"behaviour": ["series"], "series_days": 14}, Past(days=14)),
    ({"behaviour": ["series", "history"]}, Past(days=28)),
    ({"behaviour": ["reviews"]}, Past(words=9, vocabulary=99)),
    ({"behaviour": ["item_reviews"]}, Past(words=9, vocabulary=99)),
])
def test_parts_tell_what_is_derived(model, expected):
    text = {"text": {"tokens": 9, "vocabulary": 99}}
    assert _recipe(model, preprocessing=text).past == expected


@pytest.mark.parametrize(("model", "message"), [
    ({"behaviour": ["history", "history"]},
     "'behaviour' names a part twice: [history, history]"),
    ({"history": False, "behaviour": ["counts"]},
     "'behaviour' was given ([counts]), but 'history' is false"),
    ({"behaviour": ["context"], "towers": {"history": "gru"}},
     "'towers.history' was given ('gru'), but the model does not read 'history'; 'behaviour' is "
     "[context]"),
    ({"history": False, "towers": {"history": "gru"}},
     "'towers.history' was given ('gru'), but the model does not read 'history'; 'behaviour' is "
     "[]"),
    ({"towers": {"series": "vae"}},
     "'towers.series' was given ('vae'), but the model does not read 'series'"),
    ({"series_days": 14}, "'series_days' was given (14), but the model does not read 'series'"),
])
def test_options_that_nothing_reads_are_refused(model, message):
    assert message in _refused(model)


def test_an_unknown_part_is_refused_with_the_known_ones():
    message = _refused({"behaviour": ["gaps"]})
    for known in ("history", "context", "counts", "series", "reviews", "item_reviews"):
        assert f"'{known}'" in message


@pytest.mark.parametrize("days", [6, 366])
def test_a_series_has_a_week_at_least_and_a_year_at_most(days):
    assert "equal to" in _refused({"behaviour": ["series"], "series_days": days})


def test_item_reviews_and_click_do_not_go_together():
    tasks = {**TASKS, "choice": {"head": "click"}}
    message = _refused({"behaviour": ["item_reviews"]}, tasks=tasks)
    assert "'item_reviews'" in message and "the task 'choice' has the head 'click'" in message
    assert _recipe({"behaviour": ["reviews"]}, tasks=tasks).past.words


def test_the_weight_of_reconstruction_needs_an_autoencoder():
    message = _refused({}, training={"reconstruction": 0.5})
    assert "'training.reconstruction' was given (0.5)" in message
    assert "'model.towers.series: vae'" in message
    model = {"behaviour": ["series"], "towers": {"series": "vae"}}
    assert _recipe(model, training={"reconstruction": 0.5}).training.reconstruction == 0.5
