"""Texts, pictures, sounds and videos of items and users: from raw tables to the signatures."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from worlds import column

from schemas import parse_spec
from schemas.media import VIDEO_FRAMES, VIDEO_SIDE, video_strip, wav
from trainer.encoders.module import foreign_operations
from trainer.layers.text_towers import TEXT_TOWERS
from trainer.network.model import build_network
from trainer.recipe import parse_recipe
from trainer.run import training_data
from trainer.training.multitask import MultiTaskModel

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
TEXT = {"words": 2, "tokens": 6, "vocabulary": 40, "stop_words": ["a"], "topics": 2,
        "sentiment": True}
TASKS = {"retrieval": {"head": "retrieval", "label": "like"},
         "rating": {"head": "regression", "label": "rating"}}
PLOTS = ["a good train and a heist", "", "a sad train", "the good heist"]
# Columns of media by table: of the users every second speaks, of both every third has a film.
MEDIA = {"users": ("voice", "selfie"), "items": ("tune", "trailer")}
OPTIONS = {"image": {"height": 8, "width": 8, "augmentation": 0.5},
           "audio": {"seconds": 0.2, "mels": 8, "mfcc": 3, "augmentation": 0.5},
           "video": {"frames": 3, "height": 8, "width": 8, "augmentation": 0.5}}
# Parts of an item by the content that they read.
PARTS = {"plot": ["plot", "plot_topics", "plot_sentiment"], "price": ["price"],
         "poster": ["poster"], "tune": ["tune"], "trailer": ["trailer"]}


def text_recipe(tower, **noise):
    options = {**noise, **({"characters": [3, 4]} if tower == "tfidf" else {})}
    return parse_recipe(
        description="texts", modalities={"text": {**TEXT, "tower": {tower: options}}},
        model={"dim": 8}, tasks=TASKS, training={"batch_size": 8})


def recipe_of_all(text, picture="cnn", **model):
    return parse_recipe(
        description="all", modalities={
            "numeric": {}, "text": text, **OPTIONS,
            "image": {**OPTIONS["image"], "tower": picture}},
        model={"dim": 8, **model}, tasks=TASKS)


def sound(random):
    return wav(random.integers(-9_000, 9_000, 4_000).astype("<i2").tobytes())


def film(random):
    shape = (VIDEO_FRAMES * VIDEO_SIDE, VIDEO_SIDE, 3)
    return video_strip(random.integers(0, 256, shape).astype(np.uint8).tobytes())


@pytest.fixture(scope="module")
def world(spec, build_world):
    """The tables of `tiny_shop` with sounds and films, and all that a text can become."""
    texts = list(spec.texts)
    for place, columns in enumerate(MEDIA.values()):
        for name, modality in zip(columns, ("audio", "video"), strict=True):
            texts[place] += column(name, "BYTES", modality)
    spec = parse_spec("content", texts)
    raw, splits = tiny_shop.raw_tables(spec)
    random = np.random.default_rng(0)
    for table, (heard, seen) in MEDIA.items():
        for i, row in enumerate(raw[table]):
            row[heard] = [sound(random)] if i % 2 else []
            row[seen] = [film(random)] if i % 3 == 0 else []
    text = {**TEXT, "tower": {"tfidf": {"characters": [3, 4]}}}
    return build_world(spec, recipe_of_all(text), raw, splits)


@pytest.fixture(scope="module")
def read(world):
    return lambda recipe: training_data(world.spec, recipe, world.files, world.transforms)


@pytest.fixture(scope="module")
def served(world, read, export):
    """A model of all content whose guesses stand in for what is absent."""
    recipe = recipe_of_all({**TEXT, "tower": "lstm"}, "visual_words", missing="regression",
                           modality_dropout=0.3)
    return export(world, recipe=recipe, data=read(recipe))


@pytest.mark.parametrize("tower", TEXT_TOWERS)
def test_every_tower_reads_the_texts_of_both_sides_and_learns_from_noisy_ones(world, read, tower):
    """By schema alone a profile is read as a plot is; use never meets the noise."""
    noise = {"hidden": 0.4, **({} if tower in ("tfidf", "bag") else {"swapped": 0.4})}
    recipe = text_recipe(tower, **noise)
    data = read(recipe)
    network = build_network(world.spec, recipe, data.user_side, data.item_side, {"rating": 4.0}, 2)
    assert network.item_modalities == ["id", "plot", "plot_topics", "plot_sentiment"]
    assert network.user_modalities == [
        "id", "about", "about_topics", "about_sentiment", "history", "context"]
    words = {"plot", "about"} & {*data.user_side.content, *data.item_side.content}
    assert words == (set() if tower == "tfidf" else {"plot", "about"})
    rows = data.reader.inputs(data.reader.rows(data.files["train"]))
    content = {n: look(rows["user_index"]) for n, look in network.user_lookup.items()}
    names = {tensor.name for tensor in network.user.inputs}
    result = network.user({**{n: tf.constant(v) for n, v in rows.items() if n in names}, **content})
    weights = dict(zip(network.user_modalities, np.asarray(result["weights"]).T, strict=True))
    profiles = {user["member"][0].decode() for user in world.raw["users"] if user["about"]}
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
    first, again = (network.training(rows, training=False)["rating"] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_noise_is_active_in_training_and_only_where_asked(world, read):
    def vectors(training, **changes):
        recipe = text_recipe("cnn", **changes)
        recipe = parse_recipe(**{**recipe.model_dump(), "model": {
            **recipe.model.model_dump(), "dropout": 0.0, "id_dropout": 0.0}})
        data = read(recipe)
        network = build_network(
            world.spec, recipe, data.user_side, data.item_side, {"rating": 4.0}, 2)
        index = np.tile(np.arange(1, len(data.items), dtype="int32"), 20)
        content = {n: look(index) for n, look in network.item_lookup.items()}
        return np.asarray(network.item({"item_index": tf.constant(index), **content},
                                       training=training)["vector"])

    noise = {"hidden": 0.3}
    np.testing.assert_allclose(vectors(True), vectors(False), **CLOSE)
    assert np.abs(vectors(True, **noise) - vectors(False, **noise)).max() > 1e-4


def test_tables_hold_media_as_bytes_with_flags(world):
    for side, (heard, seen) in MEDIA.items():
        table = getattr(world.data, side)
        key = "member" if side == "users" else "film"
        by_id = {_text(row[key][0]): row for row in world.raw[side]}
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
        "id", "age", "avatar", "about", "about_topics", "about_sentiment", "voice", "selfie",
        "history", "context"]
    assert served.network.item_modalities == ["id", *itertools.chain(*PARTS.values())]
    kinds = {type(layer).__name__ for layer in served.network.user.layers}
    assert {"VisualWordsTower", "AudioTower", "VideoTower", "LstmTower", "PictureAugmentation",
            "SpectrogramAugmentation", "RegressionImputation"} <= kinds


def embed(served, **given):
    """A new item's vector, and the parts that have a weight."""
    content = {"plot": b"", "price": -1.0, "poster": b"", "tune": b"", "trailer": b"", **given}
    result = served.ask("embed_item", **{n: tf.constant([v]) for n, v in content.items()})
    weights = dict(zip(served.network.item_modalities, result["item_modality_weights"][0],
                       strict=True))
    assert np.isfinite(result["vector"]).all()
    return result["vector"][0], {name for name, weight in weights.items() if weight > 1e-6}


def test_a_new_item_is_known_by_what_it_has_and_guesses_weigh_nothing(served, world):
    random = np.random.default_rng(1)
    given = {"plot": b"a good train", "poster": world.raw["items"][2]["poster"][0],
             "tune": sound(random), "trailer": film(random)}
    nothing, parts = embed(served, price=3.0)
    assert parts == {"price"}
    for name, value in given.items():
        vector, parts = embed(served, price=3.0, **{name: value})
        assert np.abs(vector - nothing).max() > 1e-4 and parts == {"price", *PARTS[name]}
    assert embed(served, price=3.0, **given)[1] == {*itertools.chain(*PARTS.values())}


def test_what_is_no_picture_counts_as_absent_and_spoils_no_other_row(served, world):
    poster = world.raw["items"][2]["poster"][0]
    posters = [poster, poster[: len(poster) // 2], b"text", b"RIFF\0\0\0\0WEBPVP8 ",
               poster[:4], b""]
    rows = len(posters)
    result = served.ask(
        "embed_item", poster=tf.constant(posters), price=tf.constant([3.0] * rows),
        **{name: tf.constant([b""] * rows) for name in ("plot", "tune", "trailer")})["vector"]
    assert np.abs(result[0] - result[-1]).max() > 1e-4
    np.testing.assert_allclose(result[1:], np.repeat(result[-1:], rows - 1, axis=0), **CLOSE)


@pytest.mark.parametrize("junk", [b"text", b"ID3 an mp3", b"x" * 300_000, b"RIFF\0\0"])
def test_what_is_no_sound_and_no_video_counts_as_absent(served, junk):
    vector, parts = embed(served, price=3.0, tune=junk, trailer=junk)
    np.testing.assert_array_equal(vector, embed(served, price=3.0)[0])
    assert parts == {"price"}


def test_items_of_the_catalogue_are_embedded_as_training_saw_them(served, world):
    for place, row in enumerate(world.raw["items"]):
        content = {n: v[place + 1:place + 2] for n, v in served.data.item_side.content.items()}
        expected = served.network.item({"item_index": np.zeros(1, "int32"), **content})
        vector, _ = embed(served, **{name: row[name][0] for name in PARTS if row[name]})
        np.testing.assert_allclose(vector, np.asarray(expected["vector"])[0], **CLOSE)


def test_new_items_are_scored_by_their_texts(served):
    user = tiny_shop.request(user="ann", at=30 * tiny_shop.DAY)
    absent = {"price": tf.constant([-1.0] * 4),
              **{name: tf.constant([b""] * 4) for name in ("poster", "tune", "trailer")}}
    result = served.ask("score_item", plot=tf.constant(PLOTS), **absent,
                        **tiny_shop.together(*[user] * len(PLOTS)))
    known = served.ask("serving_default", candidates=tf.constant([[""]]), **user)
    for task in TASKS:  # a new item without a text is the unknown one
        np.testing.assert_allclose(result[task][1], known[task][0, 0], **CLOSE)
    assert len(set(np.round(result["retrieval"], 5))) == len(PLOTS)


@pytest.mark.parametrize(("user", "parts"), [
    ("ann", {"about", "selfie"}), ("bob", {"age", "about", "avatar", "voice"}),
    ("dot", {"age", "avatar", "voice", "selfie"}), ("nobody", set())])
def test_served_users_are_known_by_what_they_have(served, user, parts):
    asked = tiny_shop.request(user=user)
    result = served.ask("serving_default", candidates=tf.constant([["7", "9"]]), **asked)
    assert np.isfinite(result["retrieval"]).all()
    weights = dict(zip(served.network.user_modalities, result["user_modality_weights"][0],
                       strict=True))
    assert sum(weights.values()) == pytest.approx(1, abs=1e-4)
    assert {name for name in ("age", "avatar", "about", "voice", "selfie")
            if weights[name] > 1e-6} == parts
    best = served.ask("recommend", k=tf.constant([3]), **asked)
    assert best["scores"].shape == (1, 3) and np.isfinite(best["scores"]).all()


def test_a_user_s_media_change_what_is_recommended(served):
    network, dot = served.network, served.data.users.ids.index("dot") + 1
    names = {tensor.name for tensor in network.user.inputs}
    rows = served.data.reader.rows(served.data.files["test"])
    inputs = {n: tf.constant(v[:1]) for n, v in rows.items() if n in names}
    inputs["user_index"] = tf.constant([dot])
    inputs.update({n: look(np.array([dot])) for n, look in network.user_lookup.items()})
    before = np.asarray(network.user(inputs)["retrieval"])
    for name in ("avatar__present", "voice__present", "selfie__present"):
        other = {**inputs, name: tf.zeros_like(inputs[name])}
        assert np.abs(np.asarray(network.user(other)["retrieval"]) - before).max() > 1e-4


def test_the_graph_holds_stock_operations_only(served):
    assert foreign_operations(served.folder) == ()
