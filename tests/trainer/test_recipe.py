"""What a recipe may say and what it is told when it may not."""

import json
from typing import get_args

import pytest
import yaml
from pydantic import ValidationError

from pipeline.config import load_recipe, recipes
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
from trainer.recipe.reading import MOVED, RECIPES

RETRIEVAL = {"head": "retrieval", "label": "like"}
RATING = {"head": "regression", "label": "rating"}
MOOD = {"head": "multi_class", "label": "mood"}


def _recipe(**changes):
    return parse_recipe(**{"description": "d", "tasks": {"find": RETRIEVAL}, **changes})


def test_defaults_and_derived_values():
    recipe = _recipe(tasks={
        "rating": {"head": "regression", "label": "rating"},
        "find": RETRIEVAL,
        "like": {"head": "binary", "label": "like"},
    })
    assert recipe.retrieval == "find"
    assert recipe.labels == ("rating", "like")
    assert recipe.model_dump() == parse_recipe(**recipe.model_dump()).model_dump()


def test_a_recipe_without_retrieval_ranks_by_a_score():
    recipe = _recipe(tasks={"rating": RATING, "feels": {"head": "multi_label",
                                                        "labels": ["joy", "fear"]}},
                     rank_by="rating", relevant="like")
    assert (recipe.retrieval, recipe.ranking, recipe.relevance) == (None, "rating", "like")
    assert recipe.labels == ("rating", "joy", "fear", "like")
    binary = _recipe(tasks={"like": {"head": "binary", "label": "like"}}, rank_by="like")
    assert binary.relevance == "like"
    assert _recipe(tasks={"find": RETRIEVAL, "rating": RATING}).ranking == "find"


def test_a_forest_is_not_served():
    forest = _recipe(family="forest", tasks={"rating": RATING}, rank_by="rating", relevant="like")
    assert not forest.served and _recipe().served


def test_retrieval_may_take_every_event():
    assert _recipe(tasks={"find": {"head": "retrieval"}}).labels == ()


FOREST = {"family": "forest", "tasks": {"rating": RATING}, "rank_by": "rating", "relevant": "like"}
FACTORS = {**FOREST, "family": "factorization"}
WORDS = {"text": {"encoder": {"handle": "words"}}}


@pytest.mark.parametrize(("changes", "where", "message"), [
    ({"colour": 1}, "colour", "Extra inputs are not permitted"),
    ({"model": {"depth": 3}}, "model.depth", "Extra inputs are not permitted"),
    ({"training": {"epochs": 3}}, "training.epochs", "Extra inputs are not permitted"),
    ({"model": {"dim": 0}}, "model.dim", "greater than 0"),
    ({"model": {"dropout": 1.0}}, "model.dropout", "less than 1"),
    ({"model": {"fusion": "magic"}}, "model.fusion", "gated, attention, co_attention, late"),
    ({"model": {"fusion": {"late": {"decision": "toss"}}}}, "model.fusion.late.decision",
     "average, vote, stack"),
    ({"model": {"fusion": {"gated": {"decision": "vote"}}}}, "model.fusion.gated.decision",
     "Extra inputs are not permitted"),
    ({"model": {"sharing": {"mmoe": {"experts": 0}}}}, "model.sharing.mmoe.experts",
     "greater than 0"),
    ({"model": {"modality_dropout": 1.0}}, "model.modality_dropout", "less than 1"),
    ({"model": {"missing": "median"}}, "model.missing", "'token', 'mean', 'regression'"),
    ({"model": {"interaction": "sum"}}, "model.interaction", "'neural', 'inner_product'"),
    ({"training": {"alignment": -1}}, "training.alignment", "greater than or equal to 0"),
    ({"training": {"precision": "int8"}}, "training.precision", "'mixed_float16'"),
    ({"training": {"learning_rate": "fast"}}, "training.learning_rate", "valid number"),
    ({"balancing": "luck"}, "balancing", "'fixed', 'uncertainty', 'gradnorm' or 'pcgrad'"),
    ({"modalities": ["smell"]}, "modalities",
     "unknown name 'smell'; known are: categorical, numeric, text, image, audio, video, all"),
    ({"modalities": ["text", "text"]}, "modalities", "a name is there twice"),
    ({"modalities": 3}, "modalities", "a list of names is allowed, or a mapping"),
    ({"modalities": {"image": {"height": 4}}}, "modalities", "image.height: Input should be"),
    ({"modalities": {"image": {"tower": "sift"}}}, "modalities",
     "image.tower: one of these is allowed, by its name or as {name: {options}}: cnn"),
    ({"modalities": {"image": {"augmentation": 1.1}}}, "modalities", "less than or equal to 1"),
    ({"modalities": {"text": {"tower": "rnn"}}}, "modalities", "cnn, lstm, transformer"),
    ({"modalities": {"text": {"words": 4}}}, "modalities", "text.words: Input should be less"),
    ({"modalities": {"text": {"tower": {"tfidf": {"characters": [5, 3]}}}}}, "modalities",
     "[5, 3] was given; two numbers from 1 to 8 are allowed, the smaller one first"),
    ({"modalities": {"text": {"tower": {"cnn": {"characters": [3, 5]}}}}}, "modalities",
     "text.tower.cnn.characters: Extra inputs are not permitted"),
    ({"modalities": {"text": {"tower": {"bag": {"swapped": 0.1}}}}}, "modalities",
     "text.tower.bag.swapped: Extra inputs are not permitted"),
    ({"modalities": {"text": {"tower": {"lstm": {"hidden": 1.0}}}}}, "modalities", "less than 1"),
    ({"modalities": {"text": {"words": 2, "tower": "bag"}}}, "modalities",
     "words is 2, but only the tower 'tfidf' and topics have terms of several words"),
    ({"modalities": {"text": {"stop_words": "klingon"}}}, "modalities",
     "no list for the language 'klingon'; there are lists for: arabic, bulgarian,"),
    ({"modalities": {"text": {"stop_words": ["the", "New York"]}}}, "modalities",
     "'New York' is not one word of letters and digits"),
    ({"modalities": {"text": {"stop_words": 3}}}, "modalities",
     "3 was given; a language, a list of words or null is allowed"),
    ({"modalities": {"text": {"topics": 9, "vocabulary": 8}}}, "modalities",
     "topics is 9, at most vocabulary (8) is possible"),
    ({"modalities": {"audio": {"seconds": 31}}}, "modalities", "less than or equal to 30"),
    ({"modalities": {"audio": {"mels": 8, "mfcc": 9}}}, "modalities",
     "mfcc is 9, at most mels (8) is possible"),
    ({"modalities": {"video": {"frames": 1}}}, "modalities", "greater than or equal to 2"),
    ({"modalities": {"image": {"height": 16, "encoder": {"handle": "x", "replaces_tower": True}}}},
     "modalities", "image: 'encoder.replaces_tower' is true: nothing reads the other options"),
    ({"behaviour": ["gaps"]}, "behaviour",
     "known are: history, context, counts, series, reviews, item_reviews"),
    ({"behaviour": {"context": {"tower": "gru"}}}, "behaviour", "context.tower: Extra inputs"),
    ({"behaviour": {"reviews": {"tokens": 9}, "item_reviews": {}}}, "",
     "'reviews' and 'item_reviews' read the same words"),
    ({"behaviour": ["item_reviews"], "tasks": {"find": RETRIEVAL, "pick": {"head": "click"}}}, "",
     "'behaviour' has 'item_reviews', and the task 'pick' has the head 'click'"),
    ({"modalities": [], "training": {"alignment": 0.1}}, "", "nothing beside their ids to align"),
    ({"modalities": [], "behaviour": [], "model": {"missing": "mean"}}, "",
     "nothing beside the ids: name modalities, or parts of 'behaviour'"),
    ({"tasks": {"find": {"head": "magic"}}}, "tasks.find.head", "unknown name 'magic'; known are"),
    ({"tasks": {"find": {"head": 1}}}, "tasks.find.head", "a name is allowed"),
    ({"tasks": {"find": {"head": {"retrieval": {"softmax": "sampled"}}}}}, "tasks.find.head",
     "retrieval.softmax: one of these is allowed"),
    ({"tasks": {"find": {"head": {"retrieval": {"softmax": {"catalogue": {"many": 3}}}}}}},
     "tasks.find.head", "many: Extra inputs are not permitted"),
    ({"tasks": {"find": {"head": {"retrieval": {"softmax": {"batch": {"hard_negatives": 8}}}}}},
      "training": {"batch_size": 8}}, "",
     "'hard_negatives' is 8, but a batch of 8 rows has 7 negatives for each"),
    ({"tasks": {"find": RETRIEVAL, "like": {"head": "binary"}}}, "tasks.like",
     "a task with head 'binary' needs a label"),
    ({"tasks": {"find": {**RETRIEVAL, "weight": 0}}}, "tasks.find.weight", "greater than 0"),
    ({"tasks": {"a": RETRIEVAL, "b": RETRIEVAL}}, "",
     "at most one task may have the head 'retrieval'"),
    ({"tasks": {"rating": RATING, "mood": MOOD}}, "",
     "no task has the head 'retrieval', so 'rank_by' must name the task by whose score items are "
     "ranked: 'rating'"),
    ({"tasks": {}}, "", "by whose score items are ranked: none of these tasks"),
    ({"rank_by": "like"}, "", "'rank_by' is 'like', but only a task with the head retrieval, "
     "regression, binary, click ranks: 'find'"),
    ({"tasks": {"rating": RATING}, "rank_by": "rating"}, "",
     "items are ranked by 'rating', a number, which does not say what is worth recommending: give "
     "'relevant', a label that is 0 or 1"),
    ({"tasks": {"find": RETRIEVAL, "a": {"head": "multi_class"}}}, "tasks.a",
     "a task with head 'multi_class' needs a label"),
    ({"tasks": {"find": RETRIEVAL, "a": {"head": "multi_label", "labels": ["joy", "joy"]}}},
     "tasks.a", "needs 'labels', a list of two or more different labels, and no 'label'"),
    ({"tasks": {"find": {**RETRIEVAL, "labels": ["joy", "fear"]}}}, "tasks.find",
     "'labels' was given, but the head is 'retrieval'; only 'multi_label' has several labels"),
    ({"family": "similarity", "model": {"dim": 8}}, "model", "Extra inputs are not permitted"),
    ({**FOREST, "training": {"max_epochs": 2}}, "training", "Extra inputs are not permitted"),
    ({**FOREST, "trees": 0}, "trees", "greater than 0"),
    ({**FOREST, "modalities": WORDS}, "modalities", "text.encoder was given, but only a network"),
    ({"family": "similarity", "modalities": {"image": {"tower": "fourier"}}}, "modalities",
     "image.tower was given, but only a network reads it"),
    ({"family": "similarity", "tasks": {"find": {"head": {"retrieval": {"temperature": 0.5}}}}},
     "tasks", "find.head has options, but only a network reads them"),
    ({"family": "similarity", "vectors": {"content": {"factors": "svd"}}},
     "vectors.content.factors", "Extra inputs are not permitted"),
    ({"family": "similarity", "vectors": {"union": {"content_weight": 1}}},
     "vectors.union.content_weight", "less than 1"),
    ({"family": "similarity", "vectors": "collaborative", "modalities": ["text"]}, "",
     "'modalities' is ['text'], but 'collaborative' vectors are of ids alone"),
    ({"family": "factorization"}, "", "task 'find' has the head 'retrieval', but the family "
     "'factorization' learns regression and binary only"),
    ({**FACTORS, "tasks": {"rating": RATING, "like": {"head": "binary", "label": "like"}}}, "",
     "a 'factorization' learns exactly one task"),
    ({**FACTORS, "modalities": ["text"]}, "", "but a 'factorization' reads ids alone"),
    ({**FACTORS, "training": {"alignment": 0.1}}, "training.alignment", "Extra inputs"),
])
def test_what_cannot_be_is_named(changes, where, message):
    with pytest.raises(ValidationError) as caught:
        _recipe(**changes)
    [error] = caught.value.errors()
    assert ".".join(str(part) for part in error["loc"]) == where
    assert message in error["msg"]


@pytest.mark.parametrize("key", MOVED)
def test_a_key_of_an_earlier_file_is_shown_what_is_written_now(key):
    *path, last = key.split(".")
    tree = inner = {"description": "d", "tasks": {"next": RETRIEVAL}}
    for name in path:
        inner = inner.setdefault(name, {})
    inner[last] = {}
    with pytest.raises(ValueError, match="the key has moved; write") as caught:
        parse_recipe(**tree)
    assert str(caught.value).startswith(f"{key}: "), "the longest key that is there"
    written = yaml.safe_load(str(caught.value).partition("write\n")[2])
    rest = {"family": "network", **written}["family"]
    tasks = {"rating": RATING} if rest in ("forest", "factorization") else {"next": RETRIEVAL}
    for name, task in written.pop("tasks", {}).items():
        tasks[name] = tasks[name] | task
    ranks = {"rank_by": "rating", "relevant": "like"} if "rating" in tasks else {}
    assert parse_recipe(description="d", tasks=tasks, **ranks, **written)


@pytest.mark.parametrize(("modality", "option"), [
    ("text", {"tokens": 9}), ("image", {"height": 16}), ("audio", {"mels": 20})])
def test_an_encoder_in_a_towers_place_leaves_nothing_to_read_the_other_options(modality, option):
    encoder = {"encoder": {"handle": "x", "replaces_tower": True}}
    assert not _recipe(modalities={modality: encoder}).modalities[modality].trained
    with pytest.raises(ValidationError, match="nothing reads the other options"):
        _recipe(modalities={modality: {**encoder, **option}})


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
    ({"item_reviews": {"tokens": 9, "vocabulary": 99}}, Past(words=9, vocabulary=99)),
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


def test_a_recipe_is_final():
    with pytest.raises(ValidationError, match="frozen"):
        _recipe().balancing = "uncertainty"


def _ways(model, field):
    [annotation] = [one for one in model.model_fields[field].metadata if isinstance(one, OneOf)]
    return tuple(annotation.options)


@pytest.mark.parametrize(("registry", "names"), [
    (FUSIONS, _ways(ModelOptions, "fusion")), (SHARINGS, _ways(ModelOptions, "sharing")),
    (DECISIONS, _ways(Late, "decision")), (TEXT_TOWERS, _ways(TextOptions, "tower")),
    (IMAGE_TOWERS, _ways(ImageOptions, "tower")), (FAMILIES, tuple(RECIPES)),
    (BALANCINGS, get_args(NetworkRecipe.model_fields["balancing"].annotation)),
    (INTERACTIONS, get_args(ModelOptions.model_fields["interaction"].annotation)),
    ({"token": None, **IMPUTATIONS}, get_args(ModelOptions.model_fields["missing"].annotation)),
], ids=["fusion", "sharing", "decision", "text tower", "image tower", "family", "balancing",
        "interaction", "missing"])
def test_a_recipe_may_name_what_is_registered_and_nothing_else(registry, names):
    assert names == tuple(registry)


@pytest.mark.parametrize("registry", [FUSIONS, SHARINGS, BALANCINGS, INTERACTIONS])
def test_an_unknown_name_lists_the_known_ones(registry):
    known = ", ".join(f"'{name}'" for name in registry)
    with pytest.raises(ValueError, match=f"There is no thing 'magic'; known are {known}."):
        look_up(registry, "magic", "thing")
