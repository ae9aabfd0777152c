"""Sounds and videos of items and of users, from raw tables to the signatures."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from tensorflow_transform import TFTransformOutput

from schemas import parse_spec
from schemas.media import VIDEO_FRAMES, VIDEO_SIDE, video_strip, wav
from trainer.data.events import concatenate, read_events
from trainer.export.evaluation import EvaluationColumns
from trainer.export.memory import remember
from trainer.export.module import Recommender
from trainer.export.save import save
from trainer.model import build_network
from trainer.recipe import Recipe
from trainer.run import training_data

_MODALITIES = ("numeric", "audio", "video")


def _column(name, modality):
    return f'\nfeature {{ name: "{name}" type: BYTES annotation {{ tag: "{modality}" }} }}'


@pytest.fixture(scope="module")
def heard_spec(spec):
    users, items, interactions = spec.texts
    return parse_spec("heard", [
        users + _column("voice", "audio") + _column("selfie", "video"),
        items + _column("tune", "audio") + _column("trailer", "video"), interactions])


@pytest.fixture(scope="module")
def heard_recipe(recipe):
    return Recipe(**{
        **recipe.model_dump(), "modalities": _MODALITIES,
        "preprocessing": {"audio": {"seconds": 0.2, "mels": 8, "mfcc": 3},
                          "video": {"frames": 3, "height": 8, "width": 8}},
    })


def _sound(random):
    return wav(random.integers(-9_000, 9_000, 4_000).astype("<i2").tobytes())


def _film(random):
    shape = (VIDEO_FRAMES * VIDEO_SIDE, VIDEO_SIDE, 3)
    return video_strip(random.integers(0, 256, shape).astype(np.uint8).tobytes())


@pytest.fixture(scope="module")
def heard(heard_spec, heard_recipe, trainer_files, tmp_path_factory):
    """An exported model in which every weight matters, its data, and the raw tables."""
    folder = tmp_path_factory.mktemp("heard")
    raw, splits = tiny_shop.raw_tables(heard_spec)
    random = np.random.default_rng(0)
    for rows, sound, film in ((raw["users"], "voice", "selfie"), (raw["items"], "tune", "trailer")):
        for i, row in enumerate(rows):
            row[sound] = [_sound(random)] if i % 2 else []
            row[film] = [_film(random)] if i % 3 == 0 else []
    files, folders = trainer_files(raw, splits, heard_spec, heard_recipe, folder)
    transforms = {side: TFTransformOutput(path) for side, path in folders.items()}
    data = training_data(heard_spec, heard_recipe, files, transforms)
    network = build_network(heard_spec, heard_recipe, data.user_side, data.item_side,
                            {"rating": 4.0, "like": 0.5}, seed=3)
    random = np.random.default_rng(4)
    for weight in network.training.trainable_weights:
        weight.assign(random.normal(scale=0.3, size=weight.shape))
    events = concatenate([read_events(data.reader, some) for some in data.files.values()])
    recommender = Recommender(
        heard_spec, heard_recipe, network, data.users, data.items,
        remember(events, data.users, data.items, 5), transforms)
    save(recommender, EvaluationColumns(
        heard_spec, heard_recipe, recommender, data.users, data.items, transforms["items"]),
        folder / "saved")
    loaded = tf.saved_model.load(str(folder / "saved"))
    return SimpleNamespace(raw=raw, data=data, network=network, loaded=loaded)


def test_tables_hold_pictures_of_bytes_and_flags(heard):
    for table, side, key, sound, film in (
        (heard.data.users, "users", "member", "voice", "selfie"),
        (heard.data.items, "items", "film", "tune", "trailer"),
    ):
        found = table.columns
        by_id = {_text(row[key][0]): row for row in heard.raw[side]}
        rows = [by_id[name] for name in table.ids]
        assert found[sound].shape == (len(rows) + 1, 9, 8, 1) and found[sound].dtype == np.uint8
        assert found[f"{sound}__mfcc"].shape == (len(rows) + 1, 6)
        assert found[film].shape == (len(rows) + 1, 3, 8, 8, 3) and found[film].dtype == np.uint8
        for name in (sound, film):
            expected = [0, *(float(bool(row[name])) for row in rows)]
            assert found[f"{name}__present"].tolist() == expected
            assert (found[name].max(axis=tuple(range(1, found[name].ndim))) > 0).tolist() == [
                bool(there) for there in expected]


def _text(identity):
    return identity.decode() if isinstance(identity, bytes) else str(identity)


def test_both_sides_have_towers_by_schema_alone(heard):
    assert heard.network.user_modalities == [
        "id", "age", "voice", "selfie", "history", "context"]
    assert heard.network.item_modalities == ["id", "price", "tune", "trailer"]


def _embed(heard, **given):
    absent = {"price": tf.constant([-1.0]), "tune": tf.constant([b""]),
              "trailer": tf.constant([b""])}
    content = {name: tf.constant([value]) for name, value in given.items()}
    found = heard.loaded.signatures["embed_item"](**{**absent, **content})
    return found["vector"].numpy()[0], found["item_modality_weights"].numpy()[0]


def test_an_item_is_embedded_with_and_without_sound_and_video(heard):
    random = np.random.default_rng(1)
    sound, film = _sound(random), _film(random)
    nothing, weights = _embed(heard, price=3.0)
    assert np.isfinite(nothing).all() and weights[2:].tolist() == [0, 0]
    for given, place in (({"tune": sound}, 2), ({"trailer": film}, 3)):
        vector, weights = _embed(heard, price=3.0, **given)
        assert np.abs(vector - nothing).max() > 1e-4
        assert weights[place] > 0
        assert weights[5 - place] == 0
    both, weights = _embed(heard, price=3.0, tune=sound, trailer=film)
    assert (weights[2:] > 0).all() and np.isfinite(both).all()


@pytest.mark.parametrize("junk", [b"text", b"ID3 an mp3", b"x" * 300_000, b"RIFF\0\0"])
def test_what_is_no_sound_and_no_video_counts_as_absent(heard, junk):
    nothing, _ = _embed(heard, price=3.0)
    vector, weights = _embed(heard, price=3.0, tune=junk, trailer=junk)
    np.testing.assert_array_equal(vector, nothing)
    assert weights[2:].tolist() == [0, 0]


def test_an_item_of_the_catalogue_is_embedded_as_training_saw_it(heard):
    row = heard.raw["items"][3]
    assert row["tune"] and row["trailer"]
    vector, _ = _embed(heard, tune=row["tune"][0], trailer=row["trailer"][0],
                       **({"price": row["price"][0]} if row["price"] else {}))
    content = {name: value[4:5] for name, value in heard.data.item_side.content.items()}
    expected = heard.network.item({"item_index": np.zeros(1, "int32"), **content})["vector"]
    np.testing.assert_allclose(vector, np.asarray(expected)[0], rtol=1e-4, atol=1e-5)


def test_a_user_with_a_voice_and_one_without_are_served(heard):
    for user in ("ann", "bob", "nobody"):
        asked = tiny_shop.request(user=user)
        found = heard.loaded.signatures["recommend"](k=tf.constant([3]), **asked)
        scores = found["scores"].numpy()
        assert scores.shape == (1, 3) and np.isfinite(scores).all()
