"""Models with each text tower on transformed texts: built, trained, exported, asked."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_transform import TFTransformOutput

from trainer.layers.text import TEXT_TOWERS
from trainer.model import build_network
from trainer.multitask import MultiTaskModel
from trainer.recipe import Recipe
from trainer.run import training_data

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
_BOTH = {"words": 2, "tokens": 6, "vocabulary": 40, "stop_words": ["a"], "topics": 2,
         "sentiment": True}
PLOTS = ["a good train and a heist", "", "a sad train", "the good heist"]


def _recipe(tower, **training):
    text = {**_BOTH, "characters": [3, 4]} if tower == "tfidf" else _BOTH
    return Recipe(
        description="texts", modalities=["text"], preprocessing={"text": text},
        model={"dim": 8, "towers": {"text": tower}}, training={"batch_size": 8, **training},
        tasks={"retrieval": {"head": "retrieval", "label": "like"},
               "rating": {"head": "regression", "label": "rating"}},
    )


@pytest.fixture(scope="module")
def texts(spec, trainer_files, tmp_path_factory):
    """The tables of `tiny_shop`, transformed with all that a text can become."""
    raw, splits = tiny_shop.raw_tables(spec)
    folder = tmp_path_factory.mktemp("texts")
    files, folders = trainer_files(raw, splits, spec, _recipe("tfidf"), folder)
    transforms = {side: TFTransformOutput(path) for side, path in folders.items()}

    def data(recipe):
        return training_data(spec, recipe, files, transforms)

    return SimpleNamespace(raw=raw, data=data, transforms=transforms)


@pytest.fixture(scope="module")
def by_lstm(texts, export):
    return export(texts.data(_recipe("lstm")), _recipe("lstm"), texts.transforms)


def _network(spec, texts, recipe):
    data = texts.data(recipe)
    network = build_network(
        spec, recipe, data.user_side, data.item_side, {"rating": 4.0}, seed=2)
    return network, data


@pytest.mark.parametrize("tower", TEXT_TOWERS)
def test_every_tower_reads_the_texts_of_users_and_items(spec, texts, tower):
    """By schema alone: a profile is read as a plot is."""
    network, data = _network(spec, texts, _recipe(tower))
    assert network.item_modalities == ["id", "plot", "plot_topics", "plot_sentiment"]
    assert network.user_modalities == [
        "id", "about", "about_topics", "about_sentiment", "history", "context"]
    words = {"plot", "about"} & {*data.user_side.content, *data.item_side.content}
    assert words == (set() if tower == "tfidf" else {"plot", "about"})
    rows = data.reader.inputs(data.reader.rows(data.files["train"]))
    columns = {n: look(rows["user_index"]) for n, look in network.user_lookup.items()}
    names = {tensor.name for tensor in network.user.inputs}
    read = {n: tf.constant(v) for n, v in rows.items() if n in names}
    found = network.user({**read, **columns})
    weights = dict(zip(network.user_modalities, np.asarray(found["weights"]).T, strict=True))
    profiles = {user["member"][0].decode() for user in texts.raw["users"] if user["about"]}
    has_profile = np.array([data.users.ids[i - 1] in profiles for i in rows["user_index"]])
    assert 0 < has_profile.sum() < len(has_profile)
    for part in ("about", "about_topics", "about_sentiment"):
        assert ((weights[part] > 0) == has_profile).all(), part


@pytest.mark.parametrize("tower", TEXT_TOWERS)
def test_every_tower_trains_with_noise_that_serving_never_meets(spec, texts, tower):
    noise = {"hidden": 0.4, "swapped": 0.0 if tower in ("tfidf", "bag") else 0.4}
    recipe = _recipe(tower, augmentation={"text": noise})
    network, data = _network(spec, texts, recipe)
    model = MultiTaskModel(network.training, recipe, np.full(len(data.items), 0.1))
    model.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    before = [np.array(w) for w in network.item.trainable_weights]
    batches = data.reader.batches(data.files["train"], 8, shuffle_seed=1)
    model.fit(batches, epochs=1, verbose=0)
    changed = {w.path for w, old in zip(network.item.trainable_weights, before, strict=True)
               if (np.array(w) != old).any()}
    unchanged = {w.path for w in network.item.trainable_weights} - changed
    assert not {path for path in unchanged if "items_plot/" in path and "/token" not in path}
    rows = data.reader.inputs(data.reader.rows(data.files["test"]))
    first, again = (network.training(rows, training=False)["rating"] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_noise_is_active_in_training_and_only_where_asked(spec, texts):
    def vectors(training, **changes):
        recipe = _recipe("cnn", **changes)
        recipe = Recipe(**{**recipe.model_dump(), "model": {
            **recipe.model.model_dump(), "dropout": 0.0, "id_dropout": 0.0}})
        network, data = _network(spec, texts, recipe)
        index = np.tile(np.arange(1, len(data.items), dtype="int32"), 20)
        content = {n: look(index) for n, look in network.item_lookup.items()}
        return np.asarray(network.item({"item_index": tf.constant(index), **content},
                                       training=training)["vector"])

    noise = {"augmentation": {"text": {"hidden": 0.3}}}
    np.testing.assert_allclose(vectors(True), vectors(False), **CLOSE)
    assert np.abs(vectors(True, **noise) - vectors(False, **noise)).max() > 1e-4


def test_raw_texts_give_the_item_towers_vector(by_lstm, texts):
    for place, item in enumerate(texts.raw["items"]):
        found = by_lstm.ask("embed_item", plot=tf.constant(item["plot"] or [b""]))
        content = {n: look(tf.constant([place + 1]))
                   for n, look in by_lstm.network.item_lookup.items()}
        expected = by_lstm.network.item({"item_index": tf.constant([0]), **content})
        np.testing.assert_allclose(found["vector"], expected["vector"], **CLOSE)
        np.testing.assert_allclose(found["item_modality_weights"], expected["weights"], **CLOSE)


def test_new_items_are_scored_by_their_texts(by_lstm):
    user = tiny_shop.request(user="ann", at=30 * tiny_shop.DAY)
    rows = tiny_shop.together(*[user] * len(PLOTS))
    found = by_lstm.ask("score_item", plot=tf.constant(PLOTS), **rows)
    known = by_lstm.ask("serving_default", candidates=tf.constant([[""]]), **user)
    for task in ("retrieval", "rating"):
        # A new item without a text is the unknown one.
        np.testing.assert_allclose(found[task][1], known[task][0, 0], **CLOSE)
    assert len(set(np.round(found["retrieval"], 5))) == len(PLOTS)
    weights = by_lstm.ask("embed_item", plot=tf.constant(PLOTS))["item_modality_weights"]
    assert (weights[0] > 0).tolist() == [False, True, True, True]


def test_the_graph_holds_stock_operations_only(by_lstm):
    saved = saved_model_pb2.SavedModel.FromString(
        (by_lstm.folder / "saved_model.pb").read_bytes())
    library = saved.meta_graphs[0].graph_def.library
    used = {node.op for function in library.function for node in function.node_def}
    functions = {function.signature.name for function in library.function}
    assert {"LookupTableFindV2", "StringNGrams", "StaticRegexFullMatch"} <= used
    assert not used - functions - set(dir(tf.raw_ops))
    assert not [name for name in used if "PyFunc" in name]
