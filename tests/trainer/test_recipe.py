"""What a recipe may say and what it is told when it may not."""

from typing import get_args

import pytest
from pydantic import ValidationError

from trainer.features import IMAGE_TOWERS
from trainer.layers.balancing import BALANCINGS
from trainer.layers.fusion import FUSIONS
from trainer.layers.fusion.late import DECISIONS
from trainer.layers.imputation import IMPUTATIONS
from trainer.layers.registry import look_up
from trainer.layers.sharing import SHARINGS
from trainer.recipe import ModelOptions, Recipe
from trainer.recipe.towers import Towers

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
    ({"model": {"fusion": "late", "decision": "toss"}}, "model.decision", "'average', 'vote'"),
    ({"model": {"decision": "vote"}}, "model",
     "'decision' was given ('vote'), but only the fusions 'late' and 'hybrid' decide; 'fusion' is "
     "'gated'"),
    ({"model": {"sharing": "shared_bottom", "experts": 3}}, "model",
     "'experts' was given (3), but only the sharings 'mmoe' and 'ple' have experts; 'sharing' is "
     "'shared_bottom'"),
    ({"model": {"sharing": "mmoe", "experts": 0}}, "model.experts", "greater than 0"),
    ({"model": {"modality_dropout": 1.0}}, "model.modality_dropout", "less than 1"),
    ({"training": {"hard_negatives": 0}}, "training.hard_negatives", "greater than 0"),
    ({"training": {"alignment": -1}}, "training.alignment", "greater than or equal to 0"),
    ({"training": {"batch_size": 8, "hard_negatives": 8}}, "training",
     "'hard_negatives' is 8, but a batch of 8 rows has 7 negatives for each"),
    ({"training": {"alignment": 0.1}, "tasks": {"alignment": RETRIEVAL}}, "",
     "no task may be called 'alignment' while 'training.alignment' is above 0"),
    ({"training": {"precision": "int8"}}, "training.precision", "'mixed_float16'"),
    ({"training": {"learning_rate": "fast"}}, "training.learning_rate", "valid number"),
    ({"preprocessing": {"image": {"height": 4}}}, "preprocessing.image.height", "equal to 8"),
    ({"preprocessing": {"audio": {"seconds": 31}}}, "preprocessing.audio.seconds", "equal to 30"),
    ({"preprocessing": {"audio": {"mels": 8, "mfcc": 9}}}, "preprocessing.audio",
     "mfcc is 9, at most mels (8) is possible"),
    ({"preprocessing": {"video": {"frames": 1}}}, "preprocessing.video.frames", "equal to 2"),
    ({"preprocessing": {"video": {"width": 65}}}, "preprocessing.video.width", "equal to 64"),
    ({"modalities": ["smell"]}, "modalities.0", "'categorical', 'numeric', 'text'"),
    ({"modalities": "text"}, "modalities", "valid tuple"),
    ({"modalities": ["all", "text"]}, "", "'modalities' is ['all', 'text']: 'all' stands alone"),
    ({"model": {"missing": "median"}}, "model.missing", "'token', 'mean', 'regression'"),
    ({"model": {"towers": {"image": "sift"}}}, "model.towers.image",
     "'cnn', 'visual_words' or 'fourier'"),
    ({"training": {"augmentation": {"image": 1.1}}}, "training.augmentation.image",
     "less than or equal to 1"),
    ({"training": {"augmentation": {"sound": -0.1}}}, "training.augmentation.sound",
     "greater than or equal to 0"),
    ({"training": {"augmentation": {"smell": 1}}}, "training.augmentation.smell",
     "Extra inputs are not permitted"),
    ({"model": {"missing": "regression"}, "tasks": {"imputation": RETRIEVAL}}, "",
     "no task may be called 'imputation' while 'model.missing' is 'regression'"),
    ({"balancing": "luck"}, "balancing", "'fixed', 'uncertainty', 'gradnorm' or 'pcgrad'"),
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


@pytest.mark.parametrize(("registry", "field"), [
    (FUSIONS, ModelOptions.model_fields["fusion"]),
    (SHARINGS, ModelOptions.model_fields["sharing"]),
    (BALANCINGS, Recipe.model_fields["balancing"]),
    ({"token": None, **IMPUTATIONS}, ModelOptions.model_fields["missing"]),
    (IMAGE_TOWERS, Towers.model_fields["image"]),
], ids=["fusion", "sharing", "balancing", "missing", "image tower"])
def test_a_recipe_may_name_what_is_registered_and_nothing_else(registry, field):
    assert get_args(field.annotation) == tuple(registry)


def test_a_recipe_may_name_every_decision():
    named, none = get_args(ModelOptions.model_fields["decision"].annotation)
    assert (get_args(named), none) == (tuple(DECISIONS), type(None))


@pytest.mark.parametrize("registry", [FUSIONS, SHARINGS, BALANCINGS])
def test_an_unknown_name_lists_the_known_ones(registry):
    known = ", ".join(f"'{name}'" for name in registry)
    with pytest.raises(ValueError, match=f"There is no thing 'magic'; known are {known}."):
        look_up(registry, "magic", "thing")
