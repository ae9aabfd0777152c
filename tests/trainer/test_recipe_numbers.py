"""Numbers of a recipe: finite, of their own kind, and no larger than sense allows."""

import pytest
from pydantic import ValidationError

from trainer.recipe import parse_recipe
from trainer.recipe.tune import tunable

TASKS = {"find": {"head": "retrieval"}}
RATED = {"tasks": {"rating": {"head": "regression", "label": "rating"}}, "rank_by": "rating",
         "relevant": "like"}
FAMILIES = {"factorization": {"family": "factorization", **RATED},
            "similarity": {"family": "similarity", "tasks": TASKS},
            "forest": {"family": "forest", **RATED}}
INFINITE, NOT_A_NUMBER = float("inf"), float("nan")


def _recipe(key, value):
    family, _, key = key.rpartition(":")
    tree = {"description": "d", **FAMILIES.get(family, {"tasks": {"find": {"head": "retrieval"}}})}
    *path, last = key.split(".")
    inner = tree
    for name in path:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return parse_recipe(**tree)


@pytest.mark.parametrize(("key", "value", "message"), [
    ("training.learning_rate", INFINITE, "finite number"),
    ("training.weight_decay", NOT_A_NUMBER, "finite number"),
    ("tasks.find.head", {"retrieval": {"temperature": INFINITE}}, "finite number"),
    ("tasks.find.weight", INFINITE, "finite number"),
    ("model.dim", True, "valid integer"),
    ("model.dim", "64", "valid integer"),
    ("model.dim", 64.0, "valid integer"),
    ("model.dim", 100_000_000_000, "less than or equal to 4096"),
    ("model.sharing.mmoe.experts", 65, "less than or equal to 64"),
    ("model.dropout", True, "valid number"),
    ("model.dropout", "0.1", "valid number"),
    ("behaviour.series", {"days": "14"}, "series.days: Input should be a valid integer"),
    ("behaviour.series", {"days": 6}, "series.days: Input should be greater than or equal to 7"),
    ("behaviour.series", {"days": 366}, "series.days: Input should be less than or equal to 365"),
    ("factorization:dim", 4097, "less than or equal to 4096"),
    ("similarity:dim", 4097, "less than or equal to 4096"),
    ("forest:trees", 10_001, "less than or equal to 10000"),
    ("training.batch_size", 2**20 + 1, "less than or equal to 1048576"),
    ("training.max_epochs", 10**9, "less than or equal to 10000"),
    ("training.patience", 2**31, "less than 2147483648"),
    ("modalities.text.tokens", 4097, "less than or equal to 4096"),
    ("modalities.text.vocabulary", 10**8, "less than or equal to 10000000"),
    ("modalities.categorical.vocabulary", True, "valid integer"),
    ("modalities.text.tower.tfidf.characters", [True, 3], "valid integer"),
    ("modalities.audio.augmentation", True, "valid number"),
    ("modalities.text.encoder", {"handle": "x", "output": -1}, "or a place from 0 on"),
    ("modalities.text.encoder", {"handle": "x", "output": True}, "a name, or a place from 0 on"),
    ("modalities.text.encoder", {"handle": "x", "batch_size": 65_537}, "equal to 65536"),
])
def test_what_is_no_number_of_sense_is_refused_in_one_clause(key, value, message):
    with pytest.raises(ValidationError) as caught:
        _recipe(key, value)
    [error] = caught.value.errors()
    assert message in error["msg"]
    place = [*map(str, error["loc"]), *error["msg"].removeprefix("Value error, ").split(":")[:1]]
    assert key.rpartition(":")[2] in ".".join(place)


@pytest.mark.parametrize(("key", "value"), [
    ("model.dim", 4096), ("training.learning_rate", 1), ("model.dropout", 0),
    ("tasks.find.weight", 2), ("training.alignment", 1),
])
def test_an_integer_may_stand_for_a_number(key, value):
    assert _recipe(key, value)


@pytest.mark.parametrize(("one", "message"), [
    ({"min": 1, "max": INFINITE}, "a finite number is allowed"),
    ({"min": True, "max": 8}, "a finite number is allowed"),
    ({"min": "1", "max": 8}, "a finite number is allowed"),
    ({"min": 1, "max": 10**400}, "model.dim: Input should be less than or equal to 4096"),
    ({"min": 1, "max": 10**9}, "model.dim: Input should be less than or equal to 4096"),
    ({"choices": [8, INFINITE]}, "each of 'choices' is a finite number, a text, or true or false"),
    ({"choices": [[8], [16]]}, "each of 'choices' is a finite number, a text, or true or false"),
    ({"choices": [8, None]}, "each of 'choices' is a finite number"),
])
def test_what_no_range_may_hold_is_told_in_one_clause(one, message):
    with pytest.raises(ValidationError) as caught:
        parse_recipe(description="d", tasks=TASKS, tune={"ranges": {"model.dim": one}})
    [error] = caught.value.errors()
    assert message in error["msg"]


def test_what_takes_a_list_cannot_be_tuned():
    recipe = parse_recipe(description="d", tasks=TASKS)
    assert "behaviour" not in tunable(recipe) and "model.fusion" in tunable(recipe)
    with pytest.raises(ValidationError, match="unknown key 'behaviour' in 'ranges'"):
        parse_recipe(description="d", tasks=TASKS,
                     tune={"ranges": {"behaviour": {"choices": ["history", "counts"]}}})
