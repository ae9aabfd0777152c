"""Texts, pictures, sounds and videos of items and users: from raw tables to the signatures."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from theatre import MEDIA, film, sound

from trainer.encoders.module import foreign_operations
from trainer.network.model import build_network
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe
from trainer.training.multitask import MultiTaskModel

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
TASKS = {"find": {"head": "retrieval", "label": "like"},
         "rating": {"head": "regression", "label": "rating"}}
PLOTS = ["a good train and a heist", "", "a sad train", "the good heist"]
# Parts of an item by the content that they read.
PARTS = {"plot": ["plot", "plot_topics", "plot_sentiment"], "price": ["price"],
         "poster": ["poster"], "tune": ["tune"], "trailer": ["trailer"]}


@pytest.mark.parametrize(("tower", "noise"), [
    ({"tfidf": {"characters": [3, 4], "hidden": 0.4}}, "TermNoise"),
    ({"lstm": {"hidden": 0.4, "swapped": 0.4}}, "WordNoise")])
def test_texts_of_both_sides_are_read_and_learned_from_with_noise(
        theatre, read, recipe_of, tower, noise):
    """By schema alone a profile is read as a plot is; use never meets the noise."""
    recipe = recipe_of(TASKS, {"text": {"topics": 2, "sentiment": True, "tower": tower}})
    data = read(recipe)
    network = build_network(
        BoundRecipe(recipe, theatre.spec), data.user_side, data.item_side, {"rating": 4.0}, 2)
    assert network.item_modalities == ["id", "plot", "plot_topics", "plot_sentiment"]
    assert network.user_modalities == [
        "id", "about", "about_topics", "about_sentiment", "history", "context"]
    assert noise in {type(layer).__name__ for layer in network.item.layers}
    words = {"plot", "about"} & {*data.user_side.content, *data.item_side.content}
    assert words == (set() if "tfidf" in tower else {"plot", "about"})
    rows = data.reader.inputs(data.reader.rows(data.files["train"]))
    content = {n: look(rows["user_index"]) for n, look in network.user_lookup.items()}
    names = {tensor.name for tensor in network.user.inputs}
    result = network.user({**{n: tf.constant(v) for n, v in rows.items() if n in names}, **content})
    weights = dict(zip(network.user_modalities, np.asarray(result["weights"]).T, strict=True))
    profiles = {user["member"][0].decode() for user in theatre.raw["users"] if user["about"]}
    has_profile = np.array([data.users.ids[i - 1] in profiles for i in rows["user_index"]])
    assert 0 < has_profile.sum() < len(has_profile)
    for part in ("about", "about_topics", "about_sentiment"):
        assert ((weights[part] > 0) == has_profile).all(), part
    model = MultiTaskModel(network.training, recipe, np.full(len(data.items), 0.1))
    model.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    before = {w.path: np.array(w) for w in network.item.trainable_weights}
    model.fit(data.reader.batches(data.files["train"], 8, shuffle_seed=1), epochs=1, verbose=0)
    still = {w.path for w in network.item.trainable_weights
             if (np.array(w) == before[w.path]).all()}
    assert not {path for path in still if "items_plot/" in path and "/token" not in path}
    inputs = {tensor.name: rows[tensor.name] for tensor in network.training.inputs}
    first, again = (network.training(inputs, training=False)["rating"] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_tables_hold_media_as_bytes_with_flags(theatre):
    for side, (heard, seen) in MEDIA.items():
        table = getattr(theatre.data, side)
        key = "member" if side == "users" else "film"
        by_id = {_text(row[key][0]): row for row in theatre.raw[side]}
        rows = [by_id[name] for name in table.ids]
        for name, shape in ((heard, (9, 8, 1)), (seen, (3, 8, 8, 3)),
                            ("avatar" if side == "users" else "poster", (8, 8, 3))):
            values = table.columns[name]
            assert values.shape == (len(rows) + 1, *shape) and values.dtype == np.uint8
            there = [0, *(float(bool(row[name])) for row in rows)]
            assert 0 < sum(there) < len(rows)
            assert table.columns[f"{name}__present"].tolist() == there
            assert (values.reshape(len(values), -1).max(1) > 0).tolist() == list(map(bool, there))
        assert table.columns[f"{heard}__mfcc"].shape == (len(rows) + 1, 6)


def _text(identity):
    return identity.decode() if isinstance(identity, bytes) else str(identity)


def test_both_sides_have_towers_by_schema_alone(served):
    assert served.network.user_modalities == [
        "id", "avatar", "about", "about_topics", "about_sentiment", "voice", "selfie",
        "history", "context", "counts", "series", "reviews"]
    assert served.network.item_modalities == [
        "id", "plot", "plot_topics", "plot_sentiment", "genres", "price", "poster", "tune",
        "trailer", "item_reviews"]
    kinds = {type(layer).__name__ for layer in served.network.user.layers}
    assert {"VisualWordsTower", "AudioTower", "VideoTower", "LstmTower", "PictureAugmentation",
            "SpectrogramAugmentation", "RegressionImputation"} <= kinds
    assert not {"WordNoise", "TermNoise"} & kinds, "a text has noise only where it is asked for"


@pytest.fixture
def embed(served, ask):
    """Embeds a new item; returns its vector, and the parts that have a weight."""

    def embed(**given):
        result = ask("embed_item", **{n: tf.constant([v]) for n, v in given.items()})
        weights = dict(zip(served.network.item_modalities, result["item_modality_weights"][0],
                           strict=True))
        assert np.isfinite(result["vector"]).all()
        return result["vector"][0], {name for name, weight in weights.items() if weight > 1e-6}

    return embed


def test_a_new_item_is_known_by_what_it_has_and_guesses_weigh_nothing(embed, theatre):
    random = np.random.default_rng(1)
    given = {"plot": b"a good train", "poster": theatre.raw["items"][2]["poster"][0],
             "tune": sound(random), "trailer": film(random)}
    nothing, parts = embed(price=3.0)
    assert parts == {"price"}
    for name, value in given.items():
        vector, parts = embed(price=3.0, **{name: value})
        assert np.abs(vector - nothing).max() > 1e-4 and parts == {"price", *PARTS[name]}
    assert embed(price=3.0, **given)[1] == {*itertools.chain(*PARTS.values())}


def test_what_is_no_picture_sound_or_video_is_absent_and_spoils_no_other_row(ask, theatre):
    poster = theatre.raw["items"][2]["poster"][0]
    posters = [poster, poster[: len(poster) // 2], b"text", b"RIFF\0\0\0\0WEBPVP8 ",
               poster[:4], b""]
    junk = [b"", b"text", b"ID3 an mp3", b"x" * 300_000, b"RIFF\0\0", b""]
    result = ask("embed_item", poster=tf.constant(posters), tune=tf.constant(junk),
                 trailer=tf.constant(junk), price=tf.constant([3.0] * 6))["vector"]
    assert np.abs(result[0] - result[-1]).max() > 1e-4
    np.testing.assert_allclose(result[1:], np.repeat(result[-1:], 5, axis=0), **CLOSE)


def test_items_of_the_catalogue_are_embedded_as_training_saw_them(served, theatre, embed):
    for place, row in enumerate(theatre.raw["items"]):
        content = {n: v[place + 1:place + 2] for n, v in served.data.item_side.content.items()}
        content[columns.ITEM_WORDS] = np.zeros_like(content[columns.ITEM_WORDS])  # it is new
        expected = served.network.item({"item_index": np.zeros(1, "int32"), **content})
        genres = {"genres": row["genres"]} if row["genres"] else {}
        vector, _ = embed(**genres, **{name: row[name][0] for name in PARTS if row[name]})
        np.testing.assert_allclose(vector, np.asarray(expected["vector"])[0], **CLOSE)


def test_new_items_are_scored_by_their_texts(ask):
    user = tiny_shop.request(user="ann", at=30 * tiny_shop.DAY)
    result = ask("score_item", plot=tf.constant(PLOTS),
                 **tiny_shop.together(*[user] * len(PLOTS)))
    known = ask("serving_default", candidates=tf.constant([[""]]), **user)
    for task in ("find", "rating"):  # a new item without a text is the unknown one
        np.testing.assert_allclose(result[task][1], known[task][0, 0], **CLOSE)
    assert len(set(np.round(result["find"], 5))) == len(PLOTS)
    embedded = ask("embed_item", plot=tf.constant(PLOTS))
    np.testing.assert_array_equal(
        result["item_modality_weights"], embedded["item_modality_weights"])


@pytest.mark.parametrize(("user", "parts"), [
    ("ann", {"about", "selfie"}), ("bob", {"about", "avatar", "voice"}),
    ("dot", {"avatar", "voice", "selfie"}), ("nobody", set())])
def test_served_users_are_known_by_what_they_have(served, ask, user, parts):
    asked = tiny_shop.request(user=user)
    result = ask("serving_default", candidates=tf.constant([["7", "9"]]), **asked)
    assert np.isfinite(result["find"]).all()
    weights = dict(zip(served.network.user_modalities, result["user_modality_weights"][0],
                       strict=True))
    assert sum(weights.values()) == pytest.approx(1, abs=1e-4)
    assert {name for name in ("avatar", "about", "voice", "selfie")
            if weights[name] > 1e-6} == parts
    best = ask("recommend", k=tf.constant([3]), **asked)
    assert best["scores"].shape == (1, 3) and np.isfinite(best["scores"]).all()


def test_a_user_s_media_change_what_is_recommended(served):
    network, dot = served.network, served.data.users.ids.index("dot") + 1
    names = {tensor.name for tensor in network.user.inputs}
    rows = served.data.reader.rows(served.data.files["test"])
    inputs = {n: tf.constant(v[:1]) for n, v in rows.items() if n in names}
    inputs["user_index"] = tf.constant([dot])
    inputs.update({n: look(np.array([dot])) for n, look in network.user_lookup.items()})
    before = np.asarray(network.user(inputs)["find"])
    for name in ("avatar__present", "voice__present", "selfie__present"):
        other = {**inputs, name: tf.zeros_like(inputs[name])}
        assert np.abs(np.asarray(network.user(other)["find"]) - before).max() > 1e-4


def test_the_graph_holds_stock_operations_only(served):
    assert foreign_operations(served.folder) == ()
