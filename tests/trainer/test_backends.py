"""The same model on another Keras backend, where TensorFlow cannot be imported."""

import functools
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import two_steps
from narrowed import narrowed
from theatre import MEDIA, MOODS, OPTIONS, REGIONS, WORDS_KEPT, theatre_spec

_ROOT = Path(__file__).parents[2]
_PLAIN = {"dropout": 0.0, "id_dropout": 0.0, "user_dropout": 0.0, "dim": 4}
_TWO_TASKS = {"retrieval": {"head": "retrieval", "label": "like"},
              "rating": {"head": "regression", "label": "rating"}}
_TASKS = {**_TWO_TASKS, "like": {"head": "binary", "label": "like"}}
# PCGrad draws its orders, and backends draw differently: between two tasks there is one order.
# Every tower, fusion, sharing, balancing, head and way with what is missing is in one of the cases.
_CASES = {
    "flagship": {},
    "two gradients": {"modalities": ["numeric"], "behaviour": [], "balancing": "pcgrad",
                      "tasks": _TWO_TASKS},
    "gradnorm": {"model": {"fusion": "attention", "sharing": "mmoe", "missing": "adversarial"},
                 "modalities": {"text": {"tower": "bag"}, "image": {"tower": "fourier"}},
                 "behaviour": [], "balancing": "gradnorm", "training": {"alignment": 0.5},
                 "tasks": {**_TASKS, "retrieval": {"label": "like", "head": {
                     "retrieval": {"softmax": {"batch": {"hard_negatives": 3}}}}}}},
    "pcgrad": {"model": {"fusion": {"hybrid": {"decision": "stack"}}, "sharing": "ple"},
               "modalities": {"numeric": {}, "text": {"tower": "cnn"}, "image": {}},
               "balancing": "pcgrad", "tasks": _TWO_TASKS},
    "uncertainty": {"model": {"fusion": "co_attention", "missing": "mean"}, "behaviour": [],
                    "modalities": {"text": {"tower": "lstm"}, "image": {"tower": "visual_words"}},
                    "balancing": "uncertainty", "tasks": _TWO_TASKS},
    "sound and video": {"model": {"fusion": {"late": {"decision": "vote"}},
                                  "missing": "regression"}, "behaviour": [],
                        "modalities": {"text": {"tower": "transformer"}, "audio": {}, "video": {}},
                        "tasks": _TWO_TASKS},
    # No autoencoder: backends draw its codes differently.
    "past": {"model": {"fusion": "concat"}, "behaviour": {
                 "history": {"tower": "self_attention"}, "counts": {}, "series": {"days": 7},
                 "reviews": WORDS_KEPT},
             "tasks": _TWO_TASKS, "modalities": ["numeric"]},
    "past by gru": {"model": {"fusion": "weighted"}, "behaviour": {"history": {"tower": "gru"}},
                    "tasks": _TWO_TASKS, "modalities": ["numeric"]},
    "every head": {"model": {"fusion": "late"}, "behaviour": [], "modalities": ["numeric"],
                   "tasks": {
                       "retrieval": {"head": {"retrieval": {"softmax": "catalogue"}},
                                     "label": "like"},
                       "click": {"head": "click", "label": "like"},
                       "like": {"head": "binary", "label": "like"},
                       "feelings": {"head": "multi_label", "labels": ["joy", "fear"]},
                       "mood": {"head": "multi_class", "label": "mood"},
                       "age": {"head": "regression", "label": "age"},
                       "region": {"head": "multi_class", "label": "region"}}},
}
_WORDS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory, spec, sides, recipe, rows):
    """The cases' recipes, batches and content, written down."""
    from trainer.recipe import parse_recipe

    folder = tmp_path_factory.mktemp("two_steps")
    recipes = {}
    for name, changes in _CASES.items():
        given = {**recipe.model_dump(), **changes}
        given["model"] = {**_PLAIN, **changes.get("model", {})}
        recipes[name] = parse_recipe(**narrowed(given, OPTIONS)).model_dump()
    random, number = np.random.default_rng(0), 24
    labels = _labels(random, number)
    inputs = _rows(rows, random, number)
    vocabularies = {"event_types": 3, "event_words": _WORDS}
    users, items = _with_tokens(sides)
    users, items = (
        replace(side, content={**side.content, **_media(random, side.rows, *MEDIA[name])})
        for name, side in (("users", users), ("items", items)))
    users = replace(users, vocabularies={**users.vocabularies, **vocabularies})
    two_steps.write(folder, theatre_spec(spec).texts, (users, items), recipes, inputs, labels)
    return folder


def _with_tokens(sides):
    """Adds the token ids of texts to their terms."""
    return [replace(side, content={**side.content, **{
        name: side.content[f"{name}__tfidf_ids"] for name in side.vocabularies
        if f"{name}__tfidf_ids" in side.content}}) for side in sides]


def _labels(random, rows):
    drawn = {"rating": (1, 6), "joy": (0, 2), "fear": (0, 2), "age": (13, 80),
             "mood": (0, len(MOODS)), "region": (0, len(REGIONS))}
    labels = {name: random.integers(*between, rows).astype("float32")
              for name, between in drawn.items()}
    for values in labels.values():
        values[::5] = np.nan
    liked = np.where(np.isnan(labels["rating"]), np.nan, labels["rating"] >= 4)
    return {**labels, "like": liked.astype("float32")}


def _media(random, rows, heard, seen):
    """Sounds of nine moments and videos of three frames; some rows have none."""
    there = (random.random(rows) < 0.7).astype("float32")
    return {
        heard: random.integers(0, 256, (rows, 9, 8, 1)).astype("uint8"),
        f"{heard}__mfcc": random.normal(size=(rows, 6)).astype("float32"),
        f"{heard}__present": there,
        seen: random.integers(0, 256, (rows, 3, 8, 8, 3)).astype("uint8"),
        f"{seen}__present": there[::-1].copy(),
    }


def _rows(rows, random, number):
    """The rows of all networks, and what some read of the past."""
    inputs = rows(number)
    there = inputs["history_index"] > 0
    return inputs | {
        "past__type": np.where(there, random.integers(0, 3, there.shape), 0).astype("int32"),
        "past__gap": np.where(there, random.uniform(0, 2, there.shape), 0).astype("float32"),
        "past__hour": random.normal(size=(*there.shape, 2)).astype("float32"),
        "past__counts": random.uniform(0, 2, (number, 7)).astype("float32"),
        "past__series": random.integers(0, 2, (number, 7, 3)).astype("float32"),
        "past__words": random.integers(0, _WORDS, (number, 4)).astype("int32"),
        "unseen_index": random.integers(1, 9, (number, 2)).astype("int32"),
    }


# What a backend has a function of its own for, and every head; the others take more parts through
# the same layers, which know Keras alone.
_QUICK = ["two gradients", "every head"]


@pytest.mark.parametrize("cases", [
    pytest.param(_QUICK, id="quick"), pytest.param(list(_CASES), id="all", marks=pytest.mark.slow)])
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_two_steps_without_tensorflow_cost_what_they_cost_with_it(folder, backend, cases):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, str(_ROOT / "tests" / "two_steps.py"), str(folder), *cases], cwd=_ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(
            [str(_ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    if backend == "jax":
        assert result.pop("slope") == pytest.approx([-0.5, 0.5])
    assert list(result) == cases
    for case in cases:
        steps = _by_tensorflow(folder, case)
        assert steps[0]["loss"] != steps[1]["loss"]
        for number, (ours, theirs) in enumerate(zip(steps, result[case], strict=True)):
            assert set(ours) == set(theirs)
            for name, value in ours.items():
                assert theirs[name] == pytest.approx(value, rel=1e-4, abs=1e-4), (
                    case, number, name)


@functools.cache
def _by_tensorflow(folder, case):
    return two_steps.losses(folder, [case])[case]
