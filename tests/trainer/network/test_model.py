from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from trainer.network.model import build_network
from trainer.recipe import BoundRecipe


def _users(network, rows):
    """The user side's inputs for rows of interactions."""
    return {**{n: tf.constant(v) for n, v in rows.items() if n != "item_index"},
            **{n: look(rows["user_index"]) for n, look in network.user_lookup.items()}}


def _items(network, index):
    return {"item_index": tf.constant(index),
            **{n: look(index) for n, look in network.item_lookup.items()}}


def test_the_parts_give_what_the_whole_gives(network, rows):
    batch = rows(6)
    whole = network.training(batch)
    user = network.user(_users(network, batch))
    item = network.item(_items(network, batch["item_index"]))
    np.testing.assert_allclose(whole["query"], user["retrieval"], rtol=1e-5)
    np.testing.assert_allclose(whole["candidate"], item["candidate"], rtol=1e-5, atol=1e-6)
    for name, head in network.heads.items():
        np.testing.assert_allclose(whole[name], head(user[name], item["vector"]), rtol=1e-5)
    np.testing.assert_array_equal(whole["index"], batch["item_index"])


def test_the_parts_share_their_weights(network):
    parts = [network.user, network.item, *network.heads.values()]
    together = {id(w) for part in parts for w in part.trainable_weights}
    assert together == {id(w) for w in network.training.trainable_weights}
    users, items = ({id(w): w.path for w in part.trainable_weights}
                    for part in (network.user, network.item))
    assert [users[w] for w in set(users) & set(items)] == ["item_id/item_embedding/embeddings"]


def test_weights_show_what_was_there(network, rows):
    batch = rows(6)
    batch["item_index"][:3] = [3, 8, 0]  # everything, the id alone, nothing
    weights = np.asarray(network.item(_items(network, batch["item_index"]))["weights"])
    something = batch["item_index"] > 0
    np.testing.assert_allclose(weights.sum(axis=1), something, rtol=1e-6)
    assert (weights[0] > 0).all()
    assert (weights[1] > 0).tolist() == [True, False, False, False, False]
    assert not weights[2].any()
    batch["user_index"][:] = 6
    weights = np.asarray(network.user(_users(network, batch))["weights"])
    there = dict(zip(network.user_modalities, (weights > 0).T, strict=True))
    assert there["history"].tolist() == [True] * 5 + [False]
    assert there["id"].all() and there["context"].all()
    assert not there["age"].any() and not there["avatar"].any()


def test_every_weight_learns_from_all_tasks(network, rows):
    with tf.GradientTape() as tape:
        result = network.training(rows(16))
        loss = sum(tf.reduce_sum(tf.cast(result[n], tf.float32) ** 2) * factor
                   for n, factor in {"query": 1, "candidate": 2, "rating": 1, "like": 1}.items())
        loss += tf.reduce_sum(result["like"])  # logits start at zero
    weights = network.training.trainable_weights
    gradients = tape.gradient(loss, [w.value for w in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), weight.path


def test_tables_are_part_of_the_weights_but_do_not_learn(network, sides):
    users, items = sides
    fixed = {w.path.split("/")[0] for w in network.training.non_trainable_weights}
    tables = {f"users_{n}" for n in users.content} | {f"items_{n}" for n in items.content}
    assert tables <= fixed
    np.testing.assert_array_equal(
        network.item_lookup["poster"].table, items.content["poster"])


def test_the_seed_decides_the_weights(network, build):
    one, other = network.training.get_weights(), build()[0].training.get_weights()
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_heads_start_at_the_mean_of_their_label(network, rows):
    result = network.training(rows(3))
    assert np.asarray(result["rating"]).tolist() == [3.5] * 3
    assert np.asarray(result["like"]).tolist() == [0] * 3  # a logit


def test_past_values_are_centred_over_their_domain(network, rows):
    """Stars from 1 to 5: three are the middle, as if absent, and one and five are opposite."""
    tower = network.user.get_layer("history_tower")
    before = tower.get_weights()
    tower.value_scale.assign(np.ones(tower.value_scale.shape))
    batch = rows(4)

    def vectors(stars):
        batch["history__stars"][:] = stars
        return np.asarray(network.user(_users(network, batch))["retrieval"])

    np.testing.assert_allclose(vectors(3), vectors(-1), rtol=1e-5)
    assert np.abs(vectors(5) - vectors(1)).max() > 1e-3
    tower.set_weights(before)


def test_a_side_survives_its_configuration(network, rows):
    again = keras.Model.from_config(network.item.get_config())
    again.set_weights(network.item.get_weights())
    inputs = _items(network, np.arange(9, dtype="int32"))
    np.testing.assert_allclose(
        again(inputs)["vector"], network.item(inputs)["vector"], rtol=1e-5, atol=1e-6)


def test_an_id_that_training_has_no_event_of_is_unknown(spec, recipe, sides):
    users, items = (replace(side, warm=np.arange(side.rows) % 2 > 0) for side in sides)
    network = build_network(
        BoundRecipe(recipe, spec), users, items, {"rating": 3.5, "like": 0.5}, seed=7)
    index = np.array([3, 4], "int32")  # with an event, without one
    out = network.item(_items(network, index))
    weights = np.asarray(out["weights"])
    assert weights[0, 0] > 0 and weights[1, 0] == 0
    # The vector of the one without an event does not depend on its id, that of the other does.
    table = next(w for w in network.item.weights if w.path.endswith("item_embedding/embeddings"))
    table.assign(-np.asarray(table))
    again = network.item(_items(network, index))
    change = np.abs(np.asarray(again["vector"]) - np.asarray(out["vector"])).max(axis=1)
    assert change[0] > 1e-3 and change[1] == 0
