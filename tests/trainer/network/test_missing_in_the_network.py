"""Networks over all subsets of present modalities, and a model whose content went missing."""

import itertools

import keras
import numpy as np
import pytest
import unequal_content

from trainer.layers.imputation import IMPUTATIONS
from trainer.network.model import build_network
from trainer.parts.side import Side
from trainer.recipe import BoundRecipe, parse_recipe
from trainer.training.multitask import MultiTaskModel

SUBSETS = list(itertools.product((0, 1), repeat=4))
PLAIN = {"dim": 4, "dropout": 0.0, "id_dropout": 0.0, "user_dropout": 0.0}
MISSING = ["token", *IMPUTATIONS]
# Every fusion and every way is in layers/test_imputation.py.
PAIRS = [("co_attention", "regression"), ("late", "adversarial")]


@pytest.fixture(scope="module")
def subsets(sides):
    """Both sides with a row for every subset of the four content modalities, behind the unknown."""
    return tuple(_every_subset(side, columns) for side, columns in zip(sides, (
        (["age"], ["region"], ["about"], ["avatar"]),
        (["price"], ["genres"], ["plot"], ["poster"])), strict=True))


def _every_subset(side, features):
    content = {}
    for name, values in side.content.items():
        place = next(i for i, stems in enumerate(features) if name.split("__")[0] in stems)
        keep = np.array([0, *(subset[place] for subset in SUBSETS)])
        given = values[np.full(len(keep), 2)]  # a row that lacks nothing
        content[name] = (given * keep.reshape(-1, *[1] * (given.ndim - 1))).astype(values.dtype)
    return Side(len(SUBSETS) + 1, content, side.vocabularies)


def _network(spec, recipe, subsets, **model):
    changed = parse_recipe(**{**recipe.model_dump(), "model": {**PLAIN, **model}})
    return build_network(BoundRecipe(changed, spec), *subsets, {"rating": 3.0, "like": 0.0},
                         seed=1), changed


def _all_pairs_of_rows(rows):
    """Each subset of the user with each of the item, with and without history and ids."""
    users, items = np.meshgrid(np.arange(17), np.arange(17))
    batch = rows(users.size)
    batch["user_index"] = users.reshape(-1).astype("int32")
    batch["item_index"] = items.reshape(-1).astype("int32")
    return batch


@pytest.mark.parametrize(("fusion", "missing"), PAIRS)
def test_every_subset_of_both_sides_gives_numbers_and_trains(
        spec, recipe, subsets, rows, fusion, missing):
    network, changed = _network(spec, recipe, subsets, fusion=fusion, missing=missing,
                                modality_dropout=0.4)
    batch = _all_pairs_of_rows(rows)
    for weight in network.training.trainable_weights:
        weight.assign(np.random.default_rng(2).normal(scale=0.3, size=weight.shape))
    for name, value in network.training(batch).items():
        assert np.isfinite(value).all(), name
    for side, model in (("item", network.item), ("user", network.user)):
        inputs = {t.name: keras.ops.convert_to_tensor(batch[t.name]) for t in model.inputs
                  if t.name in batch}
        inputs.update((n, look(batch[f"{side}_index"]))
                      for n, look in getattr(network, f"{side}_lookup").items())
        weights = np.asarray(model(inputs)["weights"])
        np.testing.assert_allclose(
            weights.sum(axis=1), (weights > 0).any(axis=1), rtol=1e-4)
        subset = np.array([(0, 0, 0, 0), *SUBSETS])[batch[f"{side}_index"]]
        order = {"item": [2, 1, 0, 3], "user": [0, 1, 3, 2]}[side]  # as the schema lists them
        known = batch[f"{side}_index"] > 0
        absent = subset[:, order][known] == 0
        assert not weights[known][:, 1:5][absent].any(), "an absent modality weighs nothing"
    model = MultiTaskModel(network.training, changed, np.full(17, 1 / 17))
    model.compile(keras.optimizers.SGD(0.01), run_eagerly=True)
    stars = np.random.default_rng(0).integers(1, 6, len(batch["user_index"])).astype("float32")
    logs = model.train_on_batch(
        batch, {"rating": stars, "like": (stars > 3).astype("float32")}, return_dict=True)
    assert all(np.isfinite(value) for value in logs.values())
    assert "imputation_loss" in logs
    for weight in network.training.weights:
        assert np.isfinite(np.asarray(weight)).all(), weight.path


def test_guesses_matter_to_what_is_said_of_an_item_without_content(spec, recipe, subsets):
    network, _ = _network(spec, recipe, subsets, missing="regression")
    index = keras.ops.convert_to_tensor(np.array([1], "int32"))
    bare = {"item_index": index, **{n: look(index) for n, look in network.item_lookup.items()}}
    before = np.asarray(network.item(bare)["vector"])
    guess = network.item.get_layer("items_imputation")._guess
    guess.out.bias.assign(np.ones(guess.out.bias.shape))
    assert np.abs(np.asarray(network.item(bare)["vector"]) - before).max() > 1e-3


@pytest.mark.slow
def test_without_any_content_it_is_not_worse_than_a_model_of_ids():
    """Paired by user, over three seeds; trained with content and modality dropout."""
    difference, figures = unequal_content.all_missing_against_ids(seeds=(1, 2, 3))
    assert figures["content"] > figures["ids"] + 0.02, f"the content must tell something: {figures}"
    assert difference.high >= 0, f"worse by {difference} with all content missing: {figures}"


@pytest.mark.slow
def test_every_way_knows_new_items_and_users_by_the_content_that_is_left():
    """`python tests/unequal_content.py` prints the table over three seeds."""
    for way, scores in unequal_content.compare(MISSING, seeds=(1,)).items():
        assert np.isfinite(list(scores.values())).all(), way
        assert scores["all"] > scores["none"] + 0.05, (way, scores)
        assert scores["half"] > scores["none"] + 0.02, (way, scores)
