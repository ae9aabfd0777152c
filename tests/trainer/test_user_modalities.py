"""Users with a picture and a voice, by schema alone; and pictures as visual words, exported."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_transform import TFTransformOutput

from schemas import parse_spec
from schemas.media import wav
from trainer.data.events import concatenate, read_events
from trainer.export.evaluation import EvaluationColumns
from trainer.export.memory import remember
from trainer.export.module import Recommender
from trainer.export.save import save
from trainer.model import build_network
from trainer.recipe import Recipe
from trainer.run import training_data

_VOICE = '\nfeature { name: "voice" type: BYTES annotation { tag: "audio" } }'


@pytest.fixture(scope="module")
def shown(spec, recipe, trainer_files, tmp_path_factory):
    """An exported model of pictures and voices, its data, and the raw tables."""
    folder = tmp_path_factory.mktemp("shown")
    users, items, interactions = spec.texts
    spec = parse_spec("shown", [users + _VOICE, items, interactions])
    recipe = Recipe(**{
        **recipe.model_dump(), "modalities": ["image", "audio"],
        "preprocessing": {"image": {"height": 8, "width": 8},
                          "audio": {"seconds": 0.2, "mels": 8, "mfcc": 3}},
        "model": {"dim": 8, "towers": {"image": "visual_words"}, "missing": "regression",
                  "modality_dropout": 0.3},
        "training": {"augmentation": {"image": 0.5, "sound": 0.5}},
    })
    raw, splits = tiny_shop.raw_tables(spec)
    random = np.random.default_rng(0)
    for place, row in enumerate(raw["users"]):
        voice = wav(random.integers(-9_000, 9_000, 4_000).astype("<i2").tobytes())
        row["voice"] = [voice] if place != 1 else []
    files, folders = trainer_files(raw, splits, spec, recipe, folder)
    transforms = {side: TFTransformOutput(path) for side, path in folders.items()}
    data = training_data(spec, recipe, files, transforms)
    network = build_network(spec, recipe, data.user_side, data.item_side,
                            {"rating": 4.0, "like": 0.5}, seed=3)
    random = np.random.default_rng(4)
    for weight in network.training.trainable_weights:
        weight.assign(random.normal(scale=0.3, size=weight.shape))
    events = concatenate([read_events(data.reader, some) for some in data.files.values()])
    recommender = Recommender(spec, recipe, network, data.users, data.items,
                              remember(events, data.users, data.items, 5), transforms)
    save(recommender, EvaluationColumns(spec, recipe, recommender, data.users, data.items,
                                        transforms["items"]), folder / "saved")
    loaded = tf.saved_model.load(str(folder / "saved"))
    return SimpleNamespace(raw=raw, data=data, network=network, loaded=loaded, folder=folder)


def test_users_have_towers_for_what_their_table_holds(shown):
    assert shown.network.user_modalities == ["id", "avatar", "voice", "history", "context"]
    assert shown.network.item_modalities == ["id", "poster"]
    names = {type(layer).__name__ for layer in shown.network.user.layers}
    assert {"VisualWordsTower", "AudioTower", "PictureAugmentation",
            "SpectrogramAugmentation", "RegressionImputation"} <= names


def test_flags_tell_which_user_shows_and_speaks(shown):
    table = shown.data.users
    by_id = {row["member"][0].decode(): row for row in shown.raw["users"]}
    for name in ("avatar", "voice"):
        there = [0.0, *(float(bool(by_id[one][name])) for one in table.ids)]
        assert 0 < sum(there) < len(there) - 1
        assert table.columns[f"{name}__present"].tolist() == there


def _weights(shown, user):
    found = shown.loaded.signatures["serving_default"](
        candidates=tf.constant([["7", "9"]]), **tiny_shop.request(user=user))
    assert np.isfinite(found["retrieval"].numpy()).all()
    return found["user_modality_weights"].numpy()[0], found["retrieval"].numpy()[0]


def test_served_users_are_known_by_what_they_have_and_guesses_weigh_nothing(shown):
    """ann speaks, bob shows himself, dot does both; of nobody nothing is known."""
    for user, shows, speaks in (("ann", False, True), ("bob", True, False), ("dot", True, True),
                                ("nobody", False, False)):
        weights, _ = _weights(shown, user)
        assert weights.sum() == pytest.approx(1, abs=1e-4)
        assert (weights[1] > 1e-6, weights[2] > 1e-6) == (shows, speaks), user


def test_a_user_s_picture_and_voice_change_what_is_recommended(shown):
    network, dot = shown.network, shown.data.users.ids.index("dot") + 1
    names = {tensor.name for tensor in network.user.inputs}
    rows = shown.data.reader.rows(shown.data.files["test"])
    inputs = {n: tf.constant(v[:1]) for n, v in rows.items() if n in names}
    inputs["user_index"] = tf.constant([dot])
    inputs.update({n: look(np.array([dot])) for n, look in network.user_lookup.items()})
    before = np.asarray(network.user(inputs)["retrieval"])
    for name in ("avatar__present", "voice__present"):
        other = {**inputs, name: tf.zeros_like(inputs[name])}
        assert np.abs(np.asarray(network.user(other)["retrieval"]) - before).max() > 1e-4


def _embedded(shown, poster):
    found = shown.loaded.signatures["embed_item"](poster=tf.constant([poster]))
    return found["vector"].numpy()[0], found["item_modality_weights"].numpy()[0]


def test_a_new_item_is_read_in_the_words_of_the_items_table(shown):
    place = 2
    row = shown.raw["items"][place]
    index = shown.data.items.ids.index(str(row["film"][0])) + 1
    vector, weights = _embedded(shown, row["poster"][0])
    content = {n: v[index : index + 1] for n, v in shown.data.item_side.content.items()}
    expected = shown.network.item({"item_index": np.zeros(1, "int32"), **content})["vector"]
    np.testing.assert_allclose(vector, np.asarray(expected)[0], rtol=1e-4, atol=1e-5)
    assert weights[1] > 0
    other = next(r["poster"][0] for r in shown.raw["items"][4:] if r["poster"])
    assert np.abs(_embedded(shown, other)[0] - vector).max() > 1e-4
    nothing, weights = _embedded(shown, b"")
    assert np.isfinite(nothing).all() and np.abs(nothing - vector).max() > 1e-4


def test_the_export_holds_no_python(shown):
    found = saved_model_pb2.SavedModel.FromString(
        (shown.folder / "saved" / "saved_model.pb").read_bytes())
    graph = found.meta_graphs[0].graph_def
    kinds = {node.op for node in graph.node} | {
        node.op for function in graph.library.function for node in function.node_def}
    assert not {kind for kind in kinds if "PyFunc" in kind} and "TopKV2" in kinds
