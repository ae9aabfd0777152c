"""Every recipe that comes with the project: trained, exported and asked, on tiny tables."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from narrowed import narrowed
from theatre import OPTIONS, WORDS_KEPT
from tiny_shop import DAY, ITEMS, both_sides, examples, request

from pipeline.recipe_files import load_recipe, recipes
from schemas import ENTITIES
from trainer.evaluation.written_scores import WrittenScores
from trainer.network.plan import plan_parts
from trainer.recipe import Recipe, bind, parse_recipe
from trainer.recipe.families import FittedRecipe

_DTYPES = {"timestamp": tf.int64, "history_timestamp": tf.int64, "k": tf.int32,
           "history_stars": tf.float32}
_TINY = {"network": {"model": {"dim": 8}}, "factorization": {"dim": 4}, "similarity": {"dim": 4},
         "forest": {"trees": 4, "min_leaf": 1, "features": 6}}


def tiny(name: str) -> Recipe:
    """The recipe with small layers and one epoch; nothing else is changed."""
    recipe = load_recipe(name)
    values = recipe.model_dump(exclude_unset=True) | {"family": recipe.family}
    for key, changes in _TINY.get(recipe.family, {}).items():
        values[key] = {**values.get(key, {}), **changes} if key == "model" else changes
    if isinstance(recipe, FittedRecipe):
        values["training"] = {**values["training"], "max_epochs": 1, "batch_size": 8}
    if "reviews" in values.get("behaviour", {}):
        values["behaviour"]["reviews"] = WORDS_KEPT
    return parse_recipe(**narrowed({"modalities": {}, **values}, OPTIONS))


@pytest.fixture
def run_theatre(theatre, whole_run, tmp_path):
    """Trains and exports a recipe of the theatre."""
    return lambda recipe: whole_run(
        theatre.spec, recipe, theatre.files, theatre.folders, tmp_path)


# One of each other family in each run; a network is trained and exported in test_run.py.
_QUICK = ("content_and_collaborative", "matrix_factorization")
_SERVED = [pytest.param(n, marks=() if n in _QUICK else pytest.mark.slow)
           for n in recipes() if load_recipe(n).served]


@pytest.mark.parametrize("name", _SERVED)
def test_a_recipe_is_trained_and_its_file_answers_like_its_network(name, theatre, run_theatre):
    recipe = tiny(name)
    done = run_theatre(recipe)
    assert done.summary["family"] == recipe.family and done.summary["parameters"] > 0
    signatures = tf.saved_model.load(str(done.model)).signatures
    predictions = json.loads((done.written / "predictions.json").read_text())
    # Every signature is recorded; ServerValidator's tests ask those that are left out here.
    assert {a["signature"] for a in predictions} == set(signatures)
    for prediction in predictions:
        if prediction["signature"] not in ("serving_default", "recommend"):
            continue
        result = signatures[prediction["signature"]](**{
            n: tf.constant(v, _DTYPES.get(n, tf.string)) for n, v in prediction["inputs"].items()})
        assert set(result) == set(prediction["outputs"])
        if prediction["signature"] == "recommend":
            shown = (result["item_ids"].numpy() != b"").sum()
            assert (np.diff(result["scores"].numpy()[0, :shown]) <= 1e-6).all(), "best first"
        for output, expected in prediction["outputs"].items():
            if output == "item_ids":
                continue
            assert np.isfinite(result[output]).all()
            np.testing.assert_allclose(result[output], expected, rtol=1e-4, atol=1e-5)
    rows = [row for row in theatre.raw["interactions"] if row["past_films"]][-4:]
    ranked = signatures["rank_examples"](examples=examples(rows, theatre.spec))["scores"].numpy()
    assert ranked.shape == (4, len(ITEMS)) and np.ptp(ranked, axis=1).min() > 0
    # Of a single output TFMA would miss the name.
    assert len(signatures["predict_examples"].structured_outputs) >= 2
    assert ("gradients" in signatures) == recipe.has_towers
    if "gradients" in signatures:
        # What an explanation reads of each part is planned, and is an output.
        bound = bind(recipe, theatre.spec)
        planned = {name for side in ENTITIES for part in plan_parts(bound, side)
                   for name in part.outputs()}
        assert planned <= {*signatures["gradients"].structured_outputs}
        fused = done.summary.get("late_fusion", {}).get("weights", {"network": 1.0})
        _check_shares(signatures["gradients"], theatre.raw, by_network=fused["network"] > 0)


def _check_shares(signature, raw, by_network: bool) -> None:
    """The shares add up, and of what a network reads, every part that has content has one."""
    inputs = signature.structured_input_signature[1]
    for place in (3, 4):  # between them they have everything
        user, item = raw["users"][1], raw["items"][place]
        asked = {**both_sides(inputs, user, item), **request(user=user["member"][0], at=30 * DAY),
                 "item_id": tf.constant([str(item["film"][0])]), "task": tf.constant([""])}
        nothing = {n: tf.fill([1] * len(one.shape), b"" if one.dtype == tf.string else tf.cast(
            -1, one.dtype)) for n, one in inputs.items() if n not in asked}
        result = {n: v.numpy() for n, v in signature(
            **nothing, **{n: asked[n] for n in inputs if n in asked}).items()}
        difference = float(result.pop("score")[0] - result.pop("baseline")[0])
        shares = {n: v for n, v in result.items() if not n.endswith("__terms")}
        total = sum(float(v.sum()) for v in shares.values())
        assert total == pytest.approx(difference, abs=0.02 + 0.05 * abs(difference))
        for name in inputs:
            column = name.removeprefix("users_").removeprefix("items_")
            row = user if name.startswith("users_") else item
            if name in shares and column in row:
                assert shares[name].any() == (by_network and bool(row[column])), name


@pytest.mark.parametrize("name", [n for n in recipes() if not load_recipe(n).served])
def test_a_recipe_that_is_not_served_writes_its_scores(name, theatre, run_theatre):
    recipe = tiny(name)
    done = run_theatre(recipe)
    assert done.summary["parameters"] > 0 and not (done.model / "saved_model.pb").exists()
    result = WrittenScores.load(done.written)
    assert set(result.tasks) == set(recipe.tasks)
    assert result.ranking.shape == (len(result.users), len(ITEMS)) == (4, 10)
    assert np.isfinite(result.ranking).all() and result.ranking.std() > 0
    for task in result.tasks.values():
        assert 0 < len(task.labels) == len(task.predictions) <= 8


def test_the_five_systems_are_there():
    message = {name: load_recipe(name).description for name in recipes()}
    for system in range(1, 6):
        assert any(text.startswith(f"System {system}:") for text in message.values())
    folder = Path(__file__).parents[3] / "pipeline" / "recipes"
    assert sorted(message) == sorted(path.stem for path in folder.iterdir())
