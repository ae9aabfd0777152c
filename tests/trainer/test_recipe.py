"""What a recipe may say and what it is told when it may not."""

import pytest
from pydantic import ValidationError

from trainer.recipe import Recipe

RETRIEVAL = {"head": "retrieval", "label": "like"}


def _recipe(**changes):
    return Recipe(**{"description": "d", "tasks": {"find": RETRIEVAL}, **changes})


def test_defaults_and_derived_values():
    recipe = _recipe(tasks={
        "rating": {"head": "regression", "label": "rating"},
        "find": RETRIEVAL,
        "like": {"head": "binary", "label": "like"},
    })
    assert recipe.retrieval == "find"
    assert recipe.labels == ("rating", "like")
    assert recipe.model_dump() == Recipe(**recipe.model_dump()).model_dump()


def test_retrieval_may_take_every_event():
    assert _recipe(tasks={"find": {"head": "retrieval"}}).labels == ()


@pytest.mark.parametrize(("changes", "where", "message"), [
    ({"colour": 1}, "colour", "Extra inputs are not permitted"),
    ({"model": {"depth": 3}}, "model.depth", "Extra inputs are not permitted"),
    ({"training": {"epochs": 3}}, "training.epochs", "Extra inputs are not permitted"),
    ({"model": {"dim": 0}}, "model.dim", "greater than 0"),
    ({"model": {"dropout": 1.0}}, "model.dropout", "less than 1"),
    ({"model": {"fusion": "magic"}}, "model.fusion", "Input should be"),
    ({"training": {"precision": "int8"}}, "training.precision", "'mixed_float16'"),
    ({"training": {"learning_rate": "fast"}}, "training.learning_rate", "valid number"),
    ({"preprocessing": {"image": {"height": 4}}}, "preprocessing.image.height", "equal to 8"),
    ({"preprocessing": {"audio": {"seconds": 31}}}, "preprocessing.audio.seconds", "equal to 30"),
    ({"preprocessing": {"audio": {"mels": 8, "mfcc": 9}}}, "preprocessing.audio",
     "mfcc is 9, at most mels (8) is possible"),
    ({"preprocessing": {"video": {"frames": 1}}}, "preprocessing.video.frames", "equal to 2"),
    ({"preprocessing": {"video": {"width": 65}}}, "preprocessing.video.width", "equal to 64"),
    ({"modalities": ["smell"]}, "modalities.0", "'categorical', 'numeric', 'text'"),
    ({"balancing": "luck"}, "balancing", "'fixed' or 'uncertainty'"),
    ({"tasks": {"find": RETRIEVAL, "like": {"head": "binary"}}}, "tasks.like",
     "a task with head 'binary' needs a label"),
    ({"tasks": {"find": {**RETRIEVAL, "weight": 0}}}, "tasks.find.weight", "greater than 0"),
    ({"tasks": {"a": RETRIEVAL, "b": RETRIEVAL}}, "",
     "exactly one task must have the head 'retrieval'"),
    ({"tasks": {"rating": {"head": "regression", "label": "rating"}}}, "",
     "exactly one task must have the head 'retrieval'"),
    ({"tasks": {}}, "", "exactly one task must have the head 'retrieval'"),
])
def test_what_cannot_be_is_named(changes, where, message):
    with pytest.raises(ValidationError) as caught:
        _recipe(**changes)
    [error] = caught.value.errors()
    assert ".".join(str(part) for part in error["loc"]) == where
    assert message in error["msg"]


def test_a_recipe_is_final():
    with pytest.raises(ValidationError, match="frozen"):
        _recipe().balancing = "uncertainty"
