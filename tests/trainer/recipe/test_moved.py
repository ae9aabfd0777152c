"""A recipe of an earlier form is refused, with what to write for the very values that it has."""

import pytest
import yaml

from trainer.recipe import parse_recipe
from trainer.recipe.moved import PLACES, renewed

TASKS = {"next": {"head": "retrieval", "label": "like"}}
RATED = {"tasks": {"rating": {"head": "regression", "label": "rating"}}, "rank_by": "rating",
         "relevant": "like"}
PAST = {"history": {}, "context": {}}


def modality(name, **options):
    return {"modalities": {"all": {}, name: options}}


def tower(**option):
    return modality("text", tower=option)


def encoder(name, **options):
    return modality(name, encoder=options)


def past(part, **options):
    return {"behaviour": {**PAST, part: options}}


def head(**options):
    return {"tasks": {"next": {"head": {"retrieval": options}, "label": "like"}}}


def vectors(**option):
    return {"family": "similarity", "vectors": {"union": option}}


# Each key of earlier files with a value that is no default, and what is written for it now.
LEAVES = {
    **{f"encoders.{name}.{option}": (value, encoder(name, **{option: value}))
       for name, more in (("text", {}), ("image", {"height": 9, "width": 8, "fine_tune": 2}),
                          ("audio", {"seconds": 2.5}))
       for option, value in {"handle": "net.keras", "batch_size": 8, "output": "pooled",
                             "replaces_tower": True, **more}.items()},
    **{f"preprocessing.{name}.{option}": (value, modality(name, **{option: value}))
       for name, options in {
           "categorical": {"vocabulary": 99},
           "text": {"tokens": 9, "vocabulary": 99, "words": 2, "stop_words": ["the"], "topics": 4,
                    "sentiment": True},
           "image": {"height": 16, "width": 24}, "audio": {"seconds": 3, "mels": 64, "mfcc": 20},
           "video": {"frames": 4, "height": 16, "width": 24}}.items()
       for option, value in options.items()},
    "preprocessing.text.characters": ([2, 4], tower(tfidf={"characters": [2, 4]})),
    "model.history": (False, {"behaviour": []}),
    "model.behaviour": (["counts"], {"behaviour": ["counts"]}),
    "model.towers.text": ("lstm", modality("text", tower="lstm")),
    "model.towers.image": ("fourier", modality("image", tower="fourier")),
    "model.towers.history": ("gru", past("history", tower="gru")),
    "model.towers.series": ("vae", past("series", tower="vae")),
    "model.series_days": (14, past("series", days=14)),
    "model.stranger_dropout": (0.2, {"model": {"user_dropout": 0.2}}),
    "model.decision": ("vote", {"model": {"fusion": {"late": {"decision": "vote"}}}}),
    "model.experts": (3, {"model": {"sharing": {"mmoe": {"experts": 3}}}}),
    "training.temperature": (0.7, head(temperature=0.7)),
    "training.softmax": ("catalogue", head(softmax="catalogue")),
    "training.hard_negatives": (7, head(softmax={"batch": {"hard_negatives": 7}})),
    "training.reconstruction": (0.3, past("series", tower={"vae": {"reconstruction": 0.3}})),
    "training.augmentation.text.hidden": (0.2, tower(tfidf={"hidden": 0.2})),
    "training.augmentation.text.swapped": (0.2, tower(cnn={"swapped": 0.2})),
    "training.augmentation.image": (0.4, modality("image", augmentation=0.4)),
    "training.augmentation.sound": (0.4, modality("audio", augmentation=0.4)),
    "factorization.dim": (16, {"family": "factorization", "dim": 16}),
    "similarity.vectors": ("content", {"family": "similarity", "vectors": "content"}),
    "similarity.dim": (16, {"family": "similarity", "dim": 16}),
    "similarity.distance": ("euclidean", vectors(distance="euclidean")),
    "similarity.factors": ("nmf", vectors(factors="nmf")),
    "similarity.content_weight": (0.3, vectors(content_weight=0.3)),
    **{f"forest.{option}": (7, {"family": "forest", option: 7})
       for option in ("trees", "features", "min_leaf", "max_rows")},
}


def earlier(key, value, **others):
    """An earlier file with one key, given with points between its parts."""
    family = key.split(".")[0]
    tree = {"description": "d", **(RATED if family in ("forest", "factorization") else
                                   {"tasks": TASKS}), **others}
    for part in reversed(key.split(".")):
        value = {part: value}
    return tree | value


def shown(**tree):
    """What such a file is told to write."""
    with pytest.raises(ValueError, match="the key has moved") as caught:
        parse_recipe(**tree)
    return str(caught.value), yaml.safe_load(str(caught.value).partition("write\n")[2])


def test_each_key_of_earlier_files_has_a_value_here():
    assert set(LEAVES) == set(PLACES)


@pytest.mark.parametrize("key", LEAVES)
def test_the_form_of_now_is_shown_with_the_very_value(key):
    value, expected = LEAVES[key]
    tree = earlier(key, value)
    message, written = shown(**tree)
    assert message.startswith(f"{key}: ") and written == expected
    new, moved = renewed(tree)
    assert moved == [key] and renewed(new) == (new, [])
    if key.startswith("encoders.") and key.count("handle") == 0:
        new["modalities"][key.split(".")[1]]["encoder"]["handle"] = "net.keras"
        if key.endswith("replaces_tower"):
            new["modalities"].pop("all")
    assert parse_recipe(**new)


@pytest.mark.parametrize("key", LEAVES)
def test_a_key_that_said_nothing_is_taken_out(key):
    tree = earlier(key, None)
    new, moved = renewed(tree)
    assert moved == [key] and {**new, "family": ""} == {
        name: value for name, value in tree.items() if name != key.split(".")[0]} | {"family": ""}


@pytest.mark.parametrize(("tree", "written"), [
    ({"model": {"dim": 16, "fusion": "hybrid", "decision": "stack"}},
     {"model": {"dim": 16, "fusion": {"hybrid": {"decision": "stack"}}}}),
    ({"model": {"sharing": "ple", "experts": 3}}, {"model": {"sharing": {"ple": {"experts": 3}}}}),
    ({"modalities": ["text", "image"], "model": {"towers": {"text": "lstm"}, "history": False},
      "training": {"max_epochs": 9, "augmentation": {"text": {"hidden": 0.1, "swapped": 0.2}}}},
     {"modalities": {"text": {"tower": {"lstm": {"hidden": 0.1, "swapped": 0.2}}}, "image": {}},
      "behaviour": [], "training": {"max_epochs": 9}}),
    ({"modalities": ["image", "video"], "training": {"augmentation": {"image": 0.5}}},
     {"modalities": {"image": {"augmentation": 0.5}, "video": {"augmentation": 0.5}}}),
    ({"modalities": [], "model": {"behaviour": ["history", "reviews"]},
      "preprocessing": {"text": {"tokens": 9}}},
     {"behaviour": {"history": {}, "reviews": {"tokens": 9}}}),
    ({"behaviour": ["counts", "item_reviews"]},
     {"behaviour": {"counts": {}, "reviews": {"of": ["items"]}}}),
    ({"behaviour": {"reviews": {"tokens": 9}, "item_reviews": {"tokens": 9, "vocabulary": 70}}},
     {"behaviour": {"reviews": {"tokens": 9, "vocabulary": 70, "of": ["users", "items"]}}}),
    ({"behaviour": {"reviews": None, "item_reviews": None}},
     {"behaviour": {"reviews": {"of": ["users", "items"]}}}),
    ({"model": {"behaviour": ["item_reviews"]}, "preprocessing": {"text": {"tokens": 9}}},
     {"modalities": {"all": {}, "text": {"tokens": 9}},
      "behaviour": {"reviews": {"tokens": 9, "of": ["items"]}}}),
    ({"family": "similarity", "similarity": {"vectors": "content", "distance": "euclidean"}},
     {"vectors": {"content": {"distance": "euclidean"}}}),
    ({"training": {"temperature": 0.5, "hard_negatives": 8}},
     {"tasks": {"next": {"label": "like", "head": {"retrieval": {
         "temperature": 0.5, "softmax": {"batch": {"hard_negatives": 8}}}}}}}),
    ({"tune": {"ranges": {"training.temperature": {"min": 0.3, "max": 1.5}}}},
     {"tune": {"ranges": {"tasks.next.head.retrieval.temperature": {"min": 0.3, "max": 1.5}}}}),
])
def test_options_of_one_thing_are_written_together(tree, written):
    tree = {"description": "d", "tasks": TASKS, **tree}
    assert shown(**tree)[1] == written
    assert parse_recipe(**renewed(tree)[0])


@pytest.mark.parametrize(("more", "written"), [
    ({}, {"balancing": {"fixed": {"weights": {"next": 2, "like": 0.3}}}}),
    ({"balancing": "pcgrad"}, {"balancing": {"pcgrad": {"weights": {"next": 2, "like": 0.3}}}}),
    ({"balancing": "uncertainty"}, {}),
    ({"family": "rankers", "rankers": ["popularity"], "predictors": ["biases"]}, {}),
    ({"tune": {"ranges": {"tasks.like.weight": {"min": 0.1, "max": 1}}}},
     {"balancing": {"fixed": {"weights": {"next": 2, "like": 0.3}}},
      "tune": {"ranges": {"balancing.fixed.weights.like": {"min": 0.1, "max": 1}}}}),
])
def test_the_weight_of_a_task_is_written_where_it_is_read_and_nowhere_else(more, written):
    like = {"head": "binary", "label": "like"}
    tasks = {"next": TASKS["next"], "like": like}
    earlier = {"next": {**TASKS["next"], "weight": 2}, "like": {**like, "weight": 0.3}}
    tree = {"description": "d", "tasks": earlier, **more}
    message, section = shown(**tree)
    assert message.startswith("tasks.next.weight: ") and "tasks.like.weight: " in message
    assert section == {"tasks": tasks, **written}
    assert parse_recipe(**renewed(tree)[0])


@pytest.mark.parametrize("tree", [
    {"training": {"softmax": {"batch": None}}, "tasks": None}, {"tasks": ["next"], "training": {
        "temperature": 1}}, {"model": {"towers": ["text"]}}, {"encoders": None, "forest": [1]},
    {"tune": None, "modalities": 3, "preprocessing": {"text": {"tokens": []}}},
    {"model": {"behaviour": "history", "series_days": {}}}])
def test_a_tree_of_any_shape_is_refused_and_not_stumbled_over(tree):
    with pytest.raises(ValueError):
        parse_recipe(description="d", **tree)
