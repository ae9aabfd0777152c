"""What a recipe may say and what it is told when it may not."""

from typing import get_args

import pytest
from pydantic import ValidationError

from trainer.families import FAMILIES
from trainer.layers.balancing import BALANCINGS
from trainer.layers.fusion import FUSIONS
from trainer.layers.fusion.late import DECISIONS
from trainer.layers.heads import INTERACTIONS
from trainer.layers.imputation import IMPUTATIONS
from trainer.layers.registry import look_up
from trainer.layers.sharing import SHARINGS
from trainer.layers.text import TEXT_TOWERS
from trainer.modalities.image.tower import IMAGE_TOWERS
from trainer.recipe import ModelOptions, Recipe, parse_recipe
from trainer.recipe.towers import Towers

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
    ({"training": {"precision": "int8"}}, "training.precision", "'mixed_float16'"),
    ({"training": {"learning_rate": "fast"}}, "training.learning_rate", "valid number"),
    ({"preprocessing": {"image": {"height": 4}}}, "preprocessing.image.height", "equal to 8"),
    ({"model": {"towers": {"text": "rnn"}}}, "model.towers.text", "'cnn', 'lstm' or 'transformer'"),
    ({"preprocessing": {"text": {"words": 4}}}, "preprocessing.text.words", "equal to 3"),
    ({"preprocessing": {"text": {"characters": [5, 3]}}}, "preprocessing.text.characters",
     "[5, 3] was given; two numbers from 1 to 8 are allowed, the smaller one first"),
    ({"preprocessing": {"text": {"characters": [3, 9]}}}, "preprocessing.text.characters",
     "[3, 9] was given"),
    ({"preprocessing": {"text": {"stop_words": "klingon"}}}, "preprocessing.text.stop_words",
     "no list for the language 'klingon'; there are lists for: arabic, bulgarian,"),
    ({"preprocessing": {"text": {"stop_words": ["the", "New York"]}}},
     "preprocessing.text.stop_words", "'New York' is not one word of letters and digits"),
    ({"preprocessing": {"text": {"stop_words": [False]}}}, "preprocessing.text.stop_words",
     "False is not one word"),
    ({"preprocessing": {"text": {"stop_words": 3}}}, "preprocessing.text.stop_words",
     "3 was given; a language, a list of words or null is allowed"),
    ({"preprocessing": {"text": {"topics": 1}}}, "preprocessing.text.topics", "equal to 2"),
    ({"preprocessing": {"text": {"topics": 9, "vocabulary": 8}}}, "preprocessing.text",
     "topics is 9, at most vocabulary (8) is possible"),
    ({"preprocessing": {"text": {"characters": [3, 5]}}, "model": {"towers": {"text": "cnn"}}}, "",
     "'preprocessing.text.characters' is [3, 5], but only the tower 'tfidf' reads it, and "
     "'model.towers.text' is 'cnn'"),
    ({"preprocessing": {"text": {"words": 2}}, "model": {"towers": {"text": "bag"}}}, "",
     "'preprocessing.text.words' is 2, but only the tower 'tfidf' reads it"),
    ({"training": {"augmentation": {"text": {"hidden": 1.0}}}},
     "training.augmentation.text.hidden", "less than 1"),
    ({"training": {"augmentation": {"text": {"swapped": 0.1}}}}, "",
     "'training.augmentation.text.swapped' is 0.1, but the tower 'tfidf' ('model.towers.text') "
     "does not read the order of words"),
    ({"encoders": {"text": {"handle": "encoders/words", "replaces_tower": True}},
      "preprocessing": {"text": {"topics": 4}}}, "",
     "'preprocessing.text.topics' is 4, but 'encoders.text.replaces_tower' is true"),
    ({"modalities": ["image"], "preprocessing": {"text": {"topics": 4}}}, "",
     "'preprocessing.text.topics' is 4, but 'modalities' has no 'text'"),
    ({"modalities": ["image"], "model": {"towers": {"text": "cnn"}}}, "",
     "'model.towers.text' is 'cnn', but 'modalities' has no 'text'"),
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
    ({"balancing": "luck"}, "balancing", "'fixed', 'uncertainty', 'gradnorm' or 'pcgrad'"),
    ({"tasks": {"find": {"head": "magic"}}}, "tasks.find.head",
     "There is no head 'magic'; known are 'retrieval', 'regression', 'binary', 'click', "
     "'multi_class', 'multi_label'."),
    ({"tasks": {"find": {"head": 1}}}, "tasks.find.head", "valid string"),
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
    ({"training": {"softmax": "sampled"}}, "training.softmax", "'batch' or 'catalogue'"),
    ({"training": {"softmax": "catalogue", "hard_negatives": 3}}, "training",
     "'hard_negatives' chooses among a batch's items, but 'softmax' is 'catalogue'"),
    ({"tasks": {"rating": RATING}, "rank_by": "rating", "relevant": "like",
      "training": {"softmax": "catalogue"}}, "",
     "'training.softmax' is 'catalogue', but no task has the head 'retrieval'"),
    ({"tasks": {"find": RETRIEVAL, "a": {"head": "multi_class"}}}, "tasks.a",
     "a task with head 'multi_class' needs a label"),
    ({"tasks": {"find": RETRIEVAL, "a": {"head": "multi_label", "labels": ["joy", "joy"]}}},
     "tasks.a", "needs 'labels', a list of two or more different labels, and no 'label'"),
    ({"tasks": {"find": {**RETRIEVAL, "labels": ["joy", "fear"]}}}, "tasks.find",
     "'labels' was given, but the head is 'retrieval'; only 'multi_label' has several labels"),
    ({"model": {"interaction": "sum"}}, "model.interaction",
     "'neural', 'inner_product' or 'concat'"),
    ({"family": "tree"}, "family", "'network', 'factorization', 'similarity' or 'forest'"),
    ({"forest": {"trees": 9}}, "", "'forest' was given, but the family is 'network'"),
    ({"family": "similarity", "model": {"dim": 8}}, "",
     "'model' was given, but a 'similarity' has none of it: take it away, or take the family"),
    ({"family": "forest", "training": {"max_epochs": 2}}, "",
     "'training' was given, but a 'forest' has none of it"),
    ({"family": "factorization"}, "", "task 'find' has the head 'retrieval', but a "
     "'factorization' learns regression and binary only"),
    ({"family": "factorization", "rank_by": "rating", "relevant": "like",
      "tasks": {"rating": RATING, "like": {"head": "binary", "label": "like"}}}, "",
     "a 'factorization' learns exactly one task"),
    ({"family": "factorization", "tasks": {"rating": RATING}, "rank_by": "rating",
      "relevant": "like", "training": {"alignment": 0.1}}, "",
     "'training.alignment' is above 0, but a 'factorization' has no modalities to align"),
    ({"family": "similarity", "similarity": {"vectors": "content", "factors": "svd"}},
     "similarity", "'factors' was given (svd), but only the vectors collaborative and union read "
     "it; 'vectors' is 'content'"),
    ({"family": "similarity", "similarity": {"vectors": "collaborative", "distance": "cosine"}},
     "similarity", "'distance' was given (cosine), but only the vectors content and union read"),
    ({"family": "similarity", "similarity": {"content_weight": 1}}, "similarity.content_weight",
     "less than 1"),
    ({"family": "forest", "forest": {"trees": 0}}, "forest.trees", "greater than 0"),
])
def test_what_cannot_be_is_named(changes, where, message):
    with pytest.raises(ValidationError) as caught:
        _recipe(**changes)
    [error] = caught.value.errors()
    assert ".".join(str(part) for part in error["loc"]) == where
    assert message in error["msg"]


def test_options_of_texts_that_are_read_are_taken():
    text = {"words": 2, "stop_words": ["The", "über"], "topics": 4, "sentiment": True}
    recipe = _recipe(preprocessing={"text": text}, model={"towers": {"text": "lstm"}},
                     training={"augmentation": {"text": {"hidden": 0.1, "swapped": 0.1}}})
    assert recipe.preprocessing.text.stop_words == ("The", "über")
    assert parse_recipe(**recipe.model_dump(mode="json")) == recipe
    _recipe(preprocessing={"text": {"words": 3, "characters": [3, 3], "stop_words": "german"}})


def test_a_recipe_is_final():
    with pytest.raises(ValidationError, match="frozen"):
        _recipe().balancing = "uncertainty"


@pytest.mark.parametrize(("registry", "field"), [
    (FUSIONS, ModelOptions.model_fields["fusion"]),
    (SHARINGS, ModelOptions.model_fields["sharing"]),
    (BALANCINGS, Recipe.model_fields["balancing"]),
    (TEXT_TOWERS, Towers.model_fields["text"]),
    (INTERACTIONS, ModelOptions.model_fields["interaction"]),
    (FAMILIES, Recipe.model_fields["family"]),
    ({"token": None, **IMPUTATIONS}, ModelOptions.model_fields["missing"]),
    (IMAGE_TOWERS, Towers.model_fields["image"]),
], ids=["fusion", "sharing", "balancing", "text tower", "interaction", "family", "missing",
        "image tower"])
def test_a_recipe_may_name_what_is_registered_and_nothing_else(registry, field):
    assert get_args(field.annotation) == tuple(registry)


def test_a_recipe_may_name_every_decision():
    named, none = get_args(ModelOptions.model_fields["decision"].annotation)
    assert (get_args(named), none) == (tuple(DECISIONS), type(None))


@pytest.mark.parametrize("registry", [FUSIONS, SHARINGS, BALANCINGS, INTERACTIONS])
def test_an_unknown_name_lists_the_known_ones(registry):
    known = ", ".join(f"'{name}'" for name in registry)
    with pytest.raises(ValueError, match=f"There is no thing 'magic'; known are {known}."):
        look_up(registry, "magic", "thing")
