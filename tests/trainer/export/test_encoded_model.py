from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_encoders as tiny
from tiny_shop import both_sides, request

from trainer.encoders.encoder import Encoder
from trainer.encoders.encodings import Encodings
from trainer.encoders.module import foreign_operations, load
from trainer.network.model import build_network
from trainer.recipe import BoundRecipe, parse_recipe
from trainer.training.inputs import training_data

MEANS = {"rating": 4.0, "like": 0.5}


def encode(recipe, spec, shop, folder, foreign=()):
    """Writes what MediaEncoder would for the tiny shop."""
    encodings, manifest = Encodings(folder), {}
    for modality, options in recipe.encoders.items():
        module = load(modality, options)
        encoder = Encoder(modality, options, module)
        for table, key in (("users", "member"), ("items", "film")):
            for feature in spec.inputs(table, (modality,)):
                rows = shop.raw[table]
                result = encoder.encode(tf.constant([(r[feature.name] or [b""])[0] for r in rows]))
                ids = [r[key][0].decode() if table == "users" else str(r[key][0]) for r in rows]
                encodings.write(table, feature.name, ids, result["vector"].numpy(),
                                result["present"].numpy())
        manifest[modality] = {"foreign": list(foreign)}
        if not foreign:
            tf.saved_model.save(encoder, str(encodings.module(modality)))
        if module.tail is not None:
            encodings.tail(modality).parent.mkdir()
            module.tail.save(encodings.tail(modality))
    encodings.write_manifest(manifest)
    return encodings


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """An encoder of texts, and one of pictures whose last layers are trained."""
    folder = tmp_path_factory.mktemp("encoders")
    tiny.keras_cnn(folder / "cnn.keras")
    return {"text": tiny.all_three(folder)["text"],
            "image": {"handle": str(folder / "cnn.keras"), "fine_tune": 2}}


@pytest.fixture(scope="module")
def prepared(shop, spec, recipe, given, tmp_path_factory):
    """Builds what a Trainer works on with some encoders."""

    def prepared(encoders, foreign=()):
        tree = recipe.model_dump()
        for modality, options in encoders.items():
            # Nothing else reads a modality whose tower is replaced.
            others = {} if options.get("replaces_tower") else tree["modalities"][modality]
            tree["modalities"][modality] = {**others, "encoder": options}
        changed = parse_recipe(**tree)
        encodings = encode(changed, spec, shop, tmp_path_factory.mktemp("encodings"), foreign)
        data = training_data(BoundRecipe(changed, spec), shop.files, shop.transforms, encodings)
        return SimpleNamespace(recipe=changed, encodings=encodings, data=data)

    return prepared


@pytest.fixture(scope="module")
def beside(prepared, given):
    return prepared(given)


@pytest.fixture(scope="module")
def exported(export, beside, shop):
    """The recommender with encoders beside the towers, saved and loaded again."""
    return export(shop, **vars(beside))


def from_tables(network, place):
    """The item side's answer from the model's tables, the id unknown."""
    index = tf.constant([place + 1])
    content = {name: look(index) for name, look in network.item_lookup.items()}
    return network.item({"item_index": tf.constant([0]), **content})


def raw_item(row):
    return {"plot": tf.constant(row["plot"] or [b""]), "price": tf.constant(row["price"] or [-1.0]),
            "poster": tf.constant(row["poster"] or [b""]),
            "genres": tf.constant([row["genres"] or [b""]])}


def test_vectors_are_columns_of_the_tables(beside, shop):
    items = beside.data.item_side
    assert items.content["plot__encoded"].shape == (11, 3)
    assert items.content["poster__encoded"].shape == (11, 4, 4, 4)
    for column, raw in (("plot", "plot"), ("poster", "poster")):
        assert items.content[f"{column}__encoded__present"].tolist() == [
            0, *(float(bool(row[raw])) for row in shop.raw["items"])]
    assert beside.data.user_side.content["about__encoded"].shape == (6, 3)
    assert not any(name.startswith("mail") for name in beside.data.user_side.content)


def test_a_part_of_its_own_beside_the_tower(beside):
    data = beside.data
    network = build_network(data.bound, data.user_side, data.item_side, MEANS, seed=3)
    assert network.item_modalities == [
        "id", "plot", "plot_encoded", "genres", "price", "poster", "poster_encoded"]
    assert {"about", "about_encoded", "avatar_encoded"} <= set(network.user_modalities)
    content = {name: look(tf.range(11)) for name, look in network.item_lookup.items()}
    weights = network.item({"item_index": tf.range(11), **content})["weights"]
    present = data.item_side.content["plot__encoded__present"]
    np.testing.assert_array_equal(np.asarray(weights)[1:, 2] > 0, present[1:] > 0)


def test_a_replaced_tower_is_gone_with_its_columns(prepared, given):
    made = prepared({"text": {**given["text"], "replaces_tower": True}})
    network = build_network(
        made.data.bound, made.data.user_side, made.data.item_side, MEANS, 3)
    assert network.item_modalities == ["id", "plot_encoded", "genres", "price", "poster"]
    assert set(made.data.item_side.content) == {
        "plot__encoded", "plot__encoded__present", "genres", "price", "price__present", "poster",
        "poster__present"}


def test_a_new_item_is_encoded_inside_the_export_by_stock_operations(exported, shop):
    for place in (0, 1, 3, 6):
        result = exported.signatures["embed_item"](**raw_item(shop.raw["items"][place]))
        expected = from_tables(exported.network, place)
        for name, other in (("vector", "vector"), ("item_modality_weights", "weights")):
            np.testing.assert_allclose(result[name], expected[other], rtol=1e-4, atol=1e-5)
    assert foreign_operations(exported.folder) == ()
    result = [exported.signatures["score_item"](**request(user="ann"), **raw_item(row))
              for row in shop.raw["items"][1:4:2]]
    assert all(np.isfinite(value).all() for one in result for value in one.values())
    assert result[0]["retrieval"] != result[1]["retrieval"]


def test_what_a_stock_server_cannot_run_is_missing_of_new_items(
    prepared, given, recommender, shop, log_lines):
    made = recommender(
        shop, **vars(prepared({"text": given["text"]}, foreign=("SplitAsNobodyElse",))))
    network, model = made.network, made.module
    assert any("SplitAsNobodyElse" in line for line in log_lines)
    place = network.item_modalities.index("plot_encoded")
    weights = model.embed_item(raw_item(shop.raw["items"][1]))["item_modality_weights"]
    assert weights[0, place] == 0 and weights[0, place - 1] > 0
    known = model.score(request(user="ann"), tf.constant([["9", "10"]]))["item_modality_weights"]
    assert known[0, 0, place] > 0
    assert known[0, 1, place] == 0  # an item without a plot
    columns = {f"users_{n}": s for n, s in model.raw_user.signature().items()}
    user = both_sides(columns, shop.raw["users"][0], {})
    film = next(row for row in shop.raw["items"] if str(row["film"][0]) == "9")
    explained = model.explain(*model.sides(
        request(user="ann"), {n.removeprefix("users_"): v for n, v in user.items()},
        tf.constant(["9"]), raw_item(film)))["item_modality_weights"]
    np.testing.assert_allclose(explained[0], known[0, 0], rtol=1e-3, atol=1e-5)


def test_the_last_layers_are_trained(beside, rows):
    data = beside.data
    network = build_network(data.bound, data.user_side, data.item_side, MEANS, seed=3)
    tail = network.item.get_layer("items_poster_encoded_tail")
    pretrained = keras.saving.load_model(beside.encodings.tail("image")).get_weights()
    for ours, theirs in zip(tail.get_weights(), pretrained, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    inputs = {name: np.minimum(v, 5) if "index" in name else v for name, v in rows(8).items()}
    with tf.GradientTape() as tape:
        out = network.training(inputs, training=True)
        loss = tf.reduce_sum(out["rating"] ** 2) + tf.reduce_sum(out["candidate"] ** 2)
    assert len(tail.trainable_weights) == 2
    for gradient in tape.gradient(loss, [weight.value for weight in tail.trainable_weights]):
        assert np.abs(np.asarray(gradient)).max() > 0
