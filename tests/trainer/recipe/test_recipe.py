"""What a recipe may say and what it is told when it may not."""

import json
from typing import get_args

import pytest
from pydantic import ValidationError

from pipeline.recipe_files import load_recipe, recipes
from schemas import InputError, read_spec
from trainer.behaviour.past import NOTHING, Past
from trainer.families import FAMILIES
from trainer.layers.balancing import BALANCINGS
from trainer.layers.fusion import FUSIONS
from trainer.layers.fusion.late import DECISIONS
from trainer.layers.heads import INTERACTIONS
from trainer.layers.imputation import IMPUTATIONS
from trainer.layers.sharing import SHARINGS
from trainer.layers.text_towers import TEXT_TOWERS
from trainer.modalities.image.options import ImageOptions
from trainer.modalities.image.tower import IMAGE_TOWERS
from trainer.modalities.text.options import TextOptions
from trainer.options import OneOf, look_up
from trainer.recipe import ModelOptions, bind, parse_recipe
from trainer.recipe.families import NetworkRecipe
from trainer.recipe.network import Late
from trainer.recipe.reading import RECIPES

RETRIEVAL = {"head": "retrieval", "label": "like"}
RATING = {"head": "regression", "label": "rating"}
BINARY = {"head": "binary", "label": "like"}
RATED = {"tasks": {"rating": RATING}, "rank_by": "rating", "relevant": "like"}
FOREST, FACTORS = {"family": "forest", **RATED}, {"family": "factorization", **RATED}
WORDS = {"text": {"encoder": {"handle": "words"}}}


def _recipe(**changes):
    return parse_recipe(**{"description": "d", "tasks": {"find": RETRIEVAL}, **changes})


def nested(key, value):
    """The changes that set one key, given with points between its parts."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def test_what_ranks_and_the_labels_that_are_read_follow_from_the_tasks():
    recipe = _recipe(tasks={"rating": RATING, "find": RETRIEVAL, "like": BINARY})
    assert (recipe.retrieval, recipe.labels) == ("find", ("rating", "like")) and recipe.served
    recipe = _recipe(**RATED | {"tasks": {"rating": RATING, "feels": {
        "head": "multi_label", "labels": ["joy", "fear"]}}})
    assert (recipe.retrieval, recipe.ranking, recipe.relevance) == (None, "rating", "like")
    assert recipe.labels == ("rating", "joy", "fear", "like")
    assert _recipe(tasks={"like": BINARY}, rank_by="like").relevance == "like"
    assert _recipe(tasks={"find": RETRIEVAL, "rating": RATING}).ranking == "find"
    assert _recipe(tasks={"find": {"head": "retrieval"}}).labels == ()
    assert not _recipe(**FOREST).served


@pytest.mark.parametrize(("changes", "where", "message"), [
    # A number of each kind, out of its bounds.
    (nested("model.dropout", 1.0), "model.dropout", "less than 1"),
    (nested("model.dim", 0), "model.dim", "greater than 0"),
    (nested("model.dim", 10**11), "model.dim", "4096"),
    (nested("model.dim", True), "model.dim", "valid integer"),
    (nested("model.dim", "64"), "model.dim", "valid integer"),
    (nested("model.dropout", True), "model.dropout", "valid number"),
    (nested("training.learning_rate", float("inf")), "training.learning_rate", "finite number"),
    (nested("training.weight_decay", float("nan")), "training.weight_decay", "finite number"),
    # What float32 holds as infinity or as zero.
    (nested("training.learning_rate", 1e308), "training.learning_rate", "less than or equal to"),
    (nested("training.alignment", 1e39), "training.alignment", "less than or equal to"),
    ({"tasks": {"find": {"head": {"retrieval": {"temperature": 1e-50}}}}}, "tasks.find.head",
     "temperature: Input should be greater than or equal to"),
    # No options, where a way's options are meant.
    *((nested("model.fusion.late", given), "model.fusion.late", "valid dictionary")
      for given in (False, 0, "", [])),
    ({"tasks": {"find": {"head": {"retrieval": 0}}}}, "tasks.find.head", "valid dictionary"),
    (nested("training.batch_size", 2**20 + 1), "training.batch_size", "1048576"),
    (nested("training.max_epochs", 10**9), "training.max_epochs", "10000"),
    (nested("model.sharing.mmoe.experts", 65), "model.sharing.mmoe.experts", "64"),
    (nested("behaviour.series.days", "14"), "behaviour", "series.days: Input should be a valid"),
    (nested("behaviour.series.days", 366), "behaviour", "365"),
    (nested("modalities.text.vocabulary", 10**8), "modalities", "10000000"),
    (nested("modalities.text.tower.tfidf.characters", [True, 3]), "modalities", "valid integer"),
    (nested("modalities.text.encoder", {"handle": "x", "output": -1}), "modalities", "place from"),
    (nested("modalities.text.encoder", {"handle": "x\0"}), "modalities", "without control"),
    (nested("modalities.image.height", 4), "modalities", "image.height"),
    (FACTORS | {"dim": 4097}, "dim", "4096"), (FOREST | {"trees": 10_001}, "trees", "10000"),
    # Keys and names that nobody knows.
    ({"colour": 1}, "colour", "Extra inputs"), ({"model": {"depth": 3}}, "model.depth", "Extra"),
    (nested("model.fusion", "magic"), "model.fusion", "gated, attention, co_attention, late"),
    (nested("model.fusion.late.decision", "toss"), "model.fusion.late.decision", "average, vote"),
    (nested("model.fusion.gated.decision", "vote"), "model.fusion.gated.decision", "Extra inputs"),
    (nested("model.missing", "median"), "model.missing", "'token', 'mean', 'regression'"),
    ({"balancing": "luck"}, "balancing", "fixed, uncertainty, gradnorm, pcgrad"),
    (nested("balancing.fixed.weights.find", 0), "balancing.fixed.weights.find", "0.000000001"),
    ({"balancing": {"pcgrad": {"weights": {"rate": 2.0}}}}, "",
     "'balancing.pcgrad.weights' has 'rate', but the tasks are: find"),
    # Weights that nothing reads cannot be written.
    ({"balancing": {"uncertainty": {"weights": {"find": 2.0}}}},
     "balancing.uncertainty.weights", "Extra inputs"),
    (FACTORS | {"balancing": "fixed"}, "balancing", "Extra inputs"),
    ({"modalities": ["smell"]}, "modalities", "'smell'; known are: categorical, numeric, text"),
    ({"modalities": ["text", "text"]}, "modalities", "twice"),
    ({"modalities": 3}, "modalities", "a list of names is allowed, or a mapping"),
    (nested("modalities.image.tower", "sift"), "modalities", "image.tower: one of these"),
    (nested("modalities.text.stop_words", "klingon"), "modalities", "arabic, bulgarian,"),
    ({"behaviour": ["gaps"]}, "behaviour", "history, context, counts, series, reviews"),
    ({"behaviour": {"context": {"tower": "gru"}}}, "behaviour", "context.tower: Extra inputs"),
    (nested("tasks.find.head", "magic"), "tasks.find.head", "unknown name 'magic'; known are"),
    (nested("tasks.find.head", 1), "tasks.find.head", "a name is allowed"),
    (nested("tasks.find.head.retrieval.softmax.catalogue.many", 3), "tasks.find.head", "many: E"),
    # An option that nothing would read.
    (nested("modalities.text.tower.cnn.characters", [3, 5]), "modalities", "cnn.characters: Extra"),
    ({"modalities": {"text": {"words": 2, "tower": "bag"}}}, "modalities", "words is 2"),
    ({"modalities": {"image": {"height": 16, "encoder": {"handle": "x", "replaces_tower": True}}}},
     "modalities", "image: 'encoder.replaces_tower' is true"),
    ({"modalities": [], "training": {"alignment": 0.1}}, "", "nothing beside their ids to align"),
    ({"modalities": [], "behaviour": [], "model": {"missing": "mean"}}, "", "beside the ids"),
    ({"family": "similarity", "model": {"dim": 8}}, "model", "Extra inputs"),
    (FOREST | {"modalities": WORDS}, "modalities", "text.encoder was given, but only a network"),
    ({"family": "similarity", **nested("modalities.image.tower", "fourier")}, "modalities",
     "image.tower was given, but only a network reads it"),
    ({"family": "similarity", **nested("tasks.find.head.retrieval.temperature", 0.5)}, "tasks",
     "find.head has options, but only a network"),
    ({"family": "similarity", "vectors": {"content": {"factors": "svd"}}},
     "vectors.content.factors", "Extra inputs"),
    ({"family": "similarity", "vectors": "collaborative", "modalities": ["text"]}, "",
     "'collaborative' vectors are of ids alone"),
    (FACTORS | {"modalities": ["text"]}, "", "but a 'factorization' reads ids alone"),
    # Values that do not go together.
    (nested("modalities.text.tower.tfidf.characters", [5, 3]), "modalities", "[5, 3] was given"),
    (nested("modalities.text.stop_words", ["the", "New York"]), "modalities", "'New York'"),
    (nested("modalities.text", {"topics": 9, "vocabulary": 8}), "modalities", "topics is 9"),
    (nested("modalities.audio", {"mels": 8, "mfcc": 9}), "modalities", "mfcc is 9, at most mels"),
    ({"behaviour": {"reviews": {"of": []}}}, "behaviour", "at least 1 item"),
    ({"behaviour": {"reviews": {"of": ["items", "items"]}}}, "behaviour", "a side is there twice"),
    (nested("behaviour.reviews.of", ["items"])
     | {"tasks": {"find": RETRIEVAL, "pick": {"head": "click"}}}, "",
     "'behaviour.reviews.of' has 'items', and the task 'pick' has the head 'click'"),
    (nested("tasks.find.head.retrieval.softmax.batch.hard_negatives", 8)
     | {"training": {"batch_size": 8}}, "", "a batch of 8 rows has 7 negatives for each"),
    ({"tasks": {"find": RETRIEVAL, "like": {"head": "binary"}}}, "tasks.like", "needs a label"),
    ({"tasks": {"a": RETRIEVAL, "b": RETRIEVAL}}, "", "at most one task"),
    ({"tasks": {"rating": RATING}}, "", "'rank_by' must name the task"),
    ({"tasks": {}}, "", "none of these tasks"),
    ({"rank_by": "like"}, "", "retrieval, regression, binary, click ranks: 'find'"),
    ({"tasks": {"rating": RATING}, "rank_by": "rating"}, "", "give 'relevant'"),
    ({"tasks": {"find": RETRIEVAL, "a": {"head": "multi_label", "labels": ["joy", "joy"]}}},
     "tasks.a", "needs 'labels', a list of two or more different labels"),
    ({"tasks": {"find": {**RETRIEVAL, "labels": ["joy", "fear"]}}}, "tasks.find",
     "only 'multi_label' has several labels"),
    ({"family": "factorization"}, "", "'factorization' learns regression and binary only"),
    (FACTORS | {"tasks": {"rating": RATING, "like": BINARY}}, "", "exactly one task"),
    # A task's name is an output's and a metric's.
    *(({"tasks": {name: RETRIEVAL}}, "tasks", f"may be called '{name}', which is an output") for
      name in ("weights", "catalogue", "item_ids", "imputation", "user_modality_weights")),
    *(({"tasks": {name: RETRIEVAL}}, "tasks", f"may be called {name!r}; allowed are letters")
      for name in ("a/b", "a b", "a-b", "1st", "_x", "", "é", "a\n", "a" * 65)),
])
def test_what_cannot_be_is_named(changes, where, message):
    with pytest.raises(ValidationError) as caught:
        _recipe(**changes)
    [error] = caught.value.errors()
    assert ".".join(str(part) for part in error["loc"]) == where
    assert message in error["msg"]


def test_what_is_at_a_bound_is_taken():
    assert _recipe(model={"dim": 4096, "dropout": 0}, training={"learning_rate": 1}).model.dim
    for name in ("find", "like_4", "A" * 64, "loss"):
        assert list(_recipe(tasks={name: RETRIEVAL}).tasks) == [name]


def test_an_unknown_family_is_told_the_known_ones():
    with pytest.raises(ValueError, match="network, factorization, similarity, rankers, forest"):
        _recipe(family="tree")


@pytest.mark.parametrize(("behaviour", "expected"), [
    (["history", "context"], NOTHING), ([], NOTHING),
    ({"history": {"tower": "gru"}}, Past(sequence=True)),
    (["counts"], Past(counts=True)),
    ({"series": {"days": 14, "tower": "vae"}}, Past(days=14)),
    (["series", "history"], Past(days=28)),
    ({"reviews": {"tokens": 9, "vocabulary": 99}}, Past(words=9, vocabulary=99)),
    ({"reviews": {"of": ["items"], "tokens": 9}}, Past(words=9, vocabulary=8_000)),
])
def test_parts_of_behaviour_tell_what_is_derived_of_the_past(behaviour, expected):
    assert _recipe(behaviour=behaviour).past == expected


def test_all_is_whatever_else_a_dataset_has():
    recipe = _recipe(modalities={"audio": {"mels": 64}, "all": None})
    bound = bind(recipe, read_spec("demo")).recipe
    assert bound.modalities["audio"].mels == 64 and {"text", "image"} < set(bound.modalities)
    with pytest.raises(InputError, match="given 'audio', but neither"):
        bind(recipe, read_spec("movielens-latest-small"))


@pytest.mark.parametrize("name", recipes())
def test_what_a_recipe_dumps_can_be_edited_and_read_again(name):
    recipe = load_recipe(name)
    for how in ({}, {"exclude_unset": True}, {"mode": "json"}, {"exclude_defaults": True}):
        tree = {"family": recipe.family} | recipe.model_dump(**how)
        assert parse_recipe(**tree) == recipe
        assert parse_recipe(**tree | {"description": "mine"}).description == "mine"


def test_the_order_of_parts_is_the_registrys_whatever_a_file_or_sorted_json_says():
    recipe = _recipe(behaviour=["context", "history"], modalities={"image": {}, "text": {}})
    again = parse_recipe(**json.loads(json.dumps(recipe.model_dump(mode="json"), sort_keys=True)))
    assert [*recipe.behaviour] == [*again.behaviour] == ["history", "context"]
    assert [*recipe.modalities] == [*again.modalities] == ["text", "image"]


def test_options_of_texts_that_are_read_are_taken():
    text = {"words": 2, "stop_words": ["The", "über"], "topics": 4, "sentiment": True,
            "tower": {"lstm": {"hidden": 0.1, "swapped": 0.1}}}
    recipe = _recipe(modalities={"text": text})
    assert recipe.modalities["text"].stop_words == ("The", "über")
    assert parse_recipe(**recipe.model_dump(mode="json")) == recipe
    assert _recipe(modalities={"text": {"words": 3, "tower": {"tfidf": {"characters": [3, 3]}}}})
    with pytest.raises(ValidationError, match="frozen"):
        recipe.balancing = "uncertainty"


def _ways(model, field):
    [annotation] = [one for one in model.model_fields[field].metadata if isinstance(one, OneOf)]
    return tuple(annotation.options)


@pytest.mark.parametrize(("registry", "names"), [
    (FUSIONS, _ways(ModelOptions, "fusion")), (SHARINGS, _ways(ModelOptions, "sharing")),
    (DECISIONS, _ways(Late, "decision")), (TEXT_TOWERS, _ways(TextOptions, "tower")),
    (IMAGE_TOWERS, _ways(ImageOptions, "tower")), (FAMILIES, tuple(RECIPES)),
    (BALANCINGS, _ways(NetworkRecipe, "balancing")),
    (INTERACTIONS, get_args(ModelOptions.model_fields["interaction"].annotation)),
    ({"token": None, **IMPUTATIONS}, get_args(ModelOptions.model_fields["missing"].annotation)),
], ids=["fusion", "sharing", "decision", "text tower", "image tower", "family", "balancing",
        "interaction", "missing"])
def test_a_recipe_may_name_what_is_registered_and_nothing_else(registry, names):
    assert names == tuple(registry)


def test_an_unknown_name_lists_the_known_ones():
    known = ", ".join(f"'{name}'" for name in FUSIONS)
    with pytest.raises(ValueError, match=f"There is no thing 'magic'; known are {known}."):
        look_up(FUSIONS, "magic", "thing")
