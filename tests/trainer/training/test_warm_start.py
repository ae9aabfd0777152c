"""A network that begins with the weights of an earlier one."""

import dataclasses
import json

import numpy as np
import pytest
from tiny_fit import ITEMS, USERS, tiny_data

from trainer.families import FAMILIES
from trainer.families.job import Job
from trainer.network.model import build_network
from trainer.parts.side import Side
from trainer.recipe import BoundRecipe
from trainer.training.warm_start import (
    ANOTHER,
    FITS,
    WarmStart,
    carried,
    keyed_rows,
    save_start,
)


def test_rows_are_carried_over_by_their_keys():
    old = np.array([[10.0], [11.0], [12.0], [13.0]])  # of nothing, of a and b, of unknown values
    new = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]])
    rows = carried(new, old, ["b", "new", "a"], ["a", "b"])
    assert rows[:, 0].tolist() == [10, 12, 2, 11, 13], "also what was learned of unknown values"
    assert carried(new[:4], old, ["b", "new", "a"], ["a", "b"])[:, 0].tolist() == [10, 12, 2, 11]
    assert new[0, 0] == 0, "what is given stays"


@pytest.fixture(scope="module")
def keys(sides):
    """Keys of all that the tiny network embeds; the last row of a vocabulary is of unknowns."""
    names = {name: [f"{name} {row}" for row in range(1, side.rows)]
             for name, side in zip(("users", "items"), sides, strict=True)}
    for name, side in zip(("users", "items"), sides, strict=True):
        for vocabulary, rows in side.vocabularies.items():
            names[f"{name}/{vocabulary}"] = [f"{vocabulary} {row}" for row in range(1, rows - 1)]
    return names


def _values(network):
    return {weight.path: np.asarray(weight) for weight in network.training.weights}


@pytest.fixture
def another_day(network, keys, spec, recipe, sides, tmp_path):
    """The next day's network before and after its warm start: one user more, items turned round."""
    networks = dict.fromkeys(FITS, network)
    save_start(tmp_path, networks, keys, [0.1, 0.3, 0.2])
    users, items = sides
    more = Side(users.rows + 1, {name: np.concatenate([values, values[-1:]])
                                 for name, values in users.content.items()}, users.vocabularies)
    later = keys | {"users": ["newcomer", *keys["users"]], "items": keys["items"][::-1],
                    "items/genres": ["new", *keys["items/genres"][1:]]}
    built = build_network(
        BoundRecipe(recipe, spec), more, items, {"rating": 3.0, "like": 0.5}, seed=8)
    before = _values(built)
    start = WarmStart(tmp_path)
    start.begin(built, later, "first")
    return _values(network), before, _values(built), start, built, later


def test_what_was_learned_is_carried_over_and_what_is_new_is_fresh(another_day):
    old, before, after, *_ = another_day
    users, items, genres = (
        next(path for path in after if path.endswith(name)) for name in (
            "user_embedding/embeddings", "item_embedding/embeddings",
            "items_genres/embedding/embeddings"))
    np.testing.assert_array_equal(after[users][2:], old[users][1:])
    np.testing.assert_array_equal(after[users][1], before[users][1])
    assert (after[users][1] != old[users][1]).any()
    np.testing.assert_array_equal(after[items][1:], old[items][:0:-1])
    np.testing.assert_array_equal(after[genres][2:], old[genres][2:])
    np.testing.assert_array_equal(after[genres][1], before[genres][1])


def test_weights_without_keys_are_as_they_were_and_tables_are_the_new_data(another_day):
    old, before, after, *_, built, _ = another_day
    learned = {weight.path for weight in built.training.trainable_weights}
    keyed = {weight.path for weight in built.training.weights if id(weight) in keyed_rows(built)}
    assert len(keyed) == 6 and len(learned - keyed) > 20
    for path in learned - keyed:
        np.testing.assert_array_equal(after[path], old[path], err_msg=path)
    for path in after.keys() - learned:
        np.testing.assert_array_equal(after[path], before[path], err_msg=path)


def test_the_number_of_rows_carried_is_returned(another_day):
    *_, start, built, later = another_day
    figures = start.figures(built, later)
    assert figures["carried"]["users"] == 6 and figures["new"]["users"] == 1
    assert figures["new"]["items"] == 0 and figures["new"]["items/genres"] == 1
    assert figures["fresh_weights"] == 0 and start.cold_validation == [0.1, 0.3, 0.2]


@pytest.mark.parametrize("change", [{"behaviour": {}}, {"model": {"dim": 12}}])
def test_another_network_starts_cold_and_says_so_once(another_day, build, caplog, change):
    *_, start, _, keys = another_day
    other, _ = build(**change)
    before = _values(other)
    for fit in FITS:
        start.begin(other, keys, fit)
    assert all((value == before[path]).all() for path, value in _values(other).items())
    assert len(caplog.messages) == 1 and "starts cold" in caplog.messages[0]
    assert start.figures(other, keys) == {"skipped": ANOTHER}


def test_a_weight_of_another_shape_is_fresh(another_day, build):
    *_, start, _, keys = another_day
    rows = json.loads((start.folder / "rows.json").read_text())
    place = next(i for i, (name, _) in enumerate(rows["weights"]) if name is None)
    rows["weights"][place][1] = [99]
    (start.folder / "rows.json").write_text(json.dumps(rows))
    assert WarmStart(start.folder).figures(build()[0], keys)["fresh_weights"] == 1


def test_a_training_begins_with_the_one_before(tmp_path):
    def trained(name, users, earlier=None):
        data = tiny_data(max_epochs=1, warm_start=True)
        keys = {"users": users, "items": [f"item {i}" for i in range(ITEMS)]}
        data = dataclasses.replace(data, keys=keys, earlier=earlier)
        FAMILIES["network"].train(Job(data, 1, name, tmp_path / name / "1", tmp_path / f"{name}.w"))
        summary = json.loads((tmp_path / name / "1" / "summary.json").read_text())
        return summary, WarmStart(tmp_path / f"{name}.w")

    users = [f"user {i}" for i in range(USERS)]
    cold, start = trained("cold", users)
    assert cold["cold_validation"] == cold["validation_ndcg@10"] and "warm_start" not in cold
    assert start.usable and not WarmStart(tmp_path).usable
    warm, again = trained("warm", [*users[1:], "newcomer"], start)
    assert warm["warm_start"] == {"carried": {"users": USERS - 1, "items": ITEMS},
                                  "new": {"users": 1, "items": 0}, "fresh_weights": 0}
    assert warm["cold_validation"] == again.cold_validation == start.cold_validation
    losses = [json.loads((tmp_path / name / "1" / "curves.json").read_text())["first"]["loss"][0]
              for name in ("cold", "warm")]
    assert losses[1] < losses[0], "what was learned is still known"
