import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from worlds import column, small_spec

from components.privacy.scan import scan
from serving.forgetting import without_user
from serving.servable import Servable
from trainer.export.run import export
from trainer.families import FAMILIES
from trainer.families import network as module
from trainer.recipe import parse_recipe
from trainer.run import read_given, train
from trainer.training.fit import new_network

BARE = small_spec(
    events=column("stars", "FLOAT", "label:rating", "label:like>=4")
    + column("seconds", "FLOAT", "label:watched"),
    user="BYTES member", item="INT film", time="at", one=True, name="bare")


@pytest.fixture(scope="module")
def bare(trainer_files, tmp_path_factory):
    """Two ids and a time: no content, no history, no domain; and a label that no row has."""
    folder = tmp_path_factory.mktemp("bare")
    recipe = parse_recipe(
        description="bare", modalities=(), model={"dim": 4}, training={"max_epochs": 1},
        tasks={"retrieval": {"head": "retrieval"},
               "rating": {"head": "regression", "label": "rating"},
               "watched": {"head": "regression", "label": "watched"}},
    )
    random = np.random.default_rng(0)
    rows = [{"member": [b"ann"], "film": [int(film)], "at": [place], "stars": [4.0],
             "seconds": []} for place, film in enumerate(random.permutation(12))]
    # One user is enough; what validation asks for is what training has seen of others.
    rows += [{**row, "member": [b"bob"], "at": [row["at"][0] + 50]} for row in rows[::-1]]
    raw = {"users": [{"member": [b"ann"]}, {"member": [b"bob"]}],
           "items": [{"film": [i]} for i in range(12)], "interactions": rows}
    splits = ["train"] * 8 + ["validation"] * 2 + ["test"] * 2
    files, transforms = trainer_files(raw, splits * 2, BARE, recipe, folder)
    return SimpleNamespace(folder=folder, recipe=recipe, files=files, transforms=transforms)


@pytest.fixture(scope="module")
def trained(bare, whole_run):
    return whole_run(BARE, bare.recipe, bare.files, bare.transforms, bare.folder)


def test_a_dataset_of_ids_alone_is_trained_and_served(trained):
    summary = trained.summary
    assert summary["epochs"] == 1 and len(summary["validation_ndcg@10"]) == 1
    assert summary["user_modalities"] == summary["item_modalities"] == ["id"]
    assert summary["parameters"] > 4 * (13 + 3)
    assert not list((trained.run.parent / "checkpoints").iterdir())
    assert list((trained.run / "tensorboard" / "second").rglob("events*"))

    signatures = tf.saved_model.load(str(trained.model)).signatures
    # Without content there is nothing to tell an unseen item by.
    assert set(signatures) == {"serving_default", "recommend", "recommend_filtered",
                               "similar_items", "user_profile", "predict_examples",
                               "rank_examples", "transform_features", "catalogue", "explain",
                               "gradients"}
    predictions = json.loads((trained.written / "predictions.json").read_text())
    assert {a["signature"] for a in predictions} == set(signatures)
    predictions = [a for a in predictions if a["signature"] in ("serving_default", "recommend")]
    assert {a["inputs"]["user_id"][0] for a in predictions} == {"ann", "bob"}
    dtypes = {"timestamp": tf.int64, "history_timestamp": tf.int64, "k": tf.int32}
    for prediction in predictions:
        result = signatures[prediction["signature"]](**{
            n: tf.constant(v, dtypes.get(n, tf.string)) for n, v in prediction["inputs"].items()})
        assert set(result) == set(prediction["outputs"])
        for name, expected in prediction["outputs"].items():
            if name != "item_ids":
                np.testing.assert_allclose(result[name], expected, rtol=1e-5, atol=1e-5)


def test_items_sent_as_history_are_left_out_by_a_model_that_reads_none(trained):
    signatures = tf.saved_model.load(str(trained.model)).signatures
    result = signatures["recommend"](
        user_id=tf.constant([""]), timestamp=tf.constant([-1], tf.int64), k=tf.constant([12]),
        history_item_id=tf.constant([["3", "5"]]),
        history_timestamp=tf.constant([[-1]], tf.int64))
    left = {name.decode() for name in result["item_ids"].numpy()[0]} - {""}
    assert left == {str(i) for i in range(12)} - {"3", "5"}


def test_a_user_is_forgotten_by_what_was_exported(trained, tmp_path):
    shutil.copytree(trained.model, tmp_path / "1")
    without_user(trained.model, "ann", tmp_path / "2")
    asked = {"user_id": np.array(["", "ann", "bob"], object),
             "timestamp": np.full(3, -1), "history_item_id": np.full((3, 1), "", object),
             "history_timestamp": np.full((3, 1), -1)}
    before, after = (Servable(tmp_path / name).run(
        "user_profile", asked, ["known", "events", "vector"]) for name in "12")
    assert before["known"].tolist() == [0, 1, 1] and after["known"].tolist() == [0, 0, 1]
    assert (before["vector"][1] != before["vector"][0]).any()
    for name in before:
        np.testing.assert_array_equal(after[name][1], after[name][0], err_msg=name)
        np.testing.assert_array_equal(after[name][2], before[name][2], err_msg=name)
    names = (tmp_path / "2" / "assets").rglob("*")
    assert not any("ann" in path.read_text().splitlines() for path in names)
    assert not scan(tmp_path / "2" / "assets.extra", [b"ann"])
    rows = tf.saved_model.load(str(tmp_path / "2")).user_rows.rows
    user = trained.given.data().users.ids.index("ann") + 1
    assert any(one.shape[1:] == (4,) for one in rows), "the vectors of the users"
    assert all(np.array_equal(one.numpy()[user], one.numpy()[0]) for one in rows)


def test_the_export_reads_the_weights_and_trains_nothing(trained, tmp_path, monkeypatch):
    def refuse(*args):
        raise AssertionError("The export trains.")

    monkeypatch.setattr(module, "fit_twice", refuse)
    export(trained.given, trained.weights, tmp_path / "model", tmp_path / "written")
    again = (tmp_path / "written" / "predictions.json").read_text()
    assert again == (trained.written / "predictions.json").read_text(), "to the last digit"
    data = trained.given.data()
    network = FAMILIES["network"].restore(data, 1, trained.weights)
    untrained = new_network(data, data.events("train", "validation"), 1)
    pairs = list(zip(network.training.get_weights(), untrained.training.get_weights(),
                     strict=True))
    assert any((one != other).any() for one, other in pairs)


def test_a_checkpoint_is_of_one_configuration_and_one_code(bare, monkeypatch):
    folders = []

    class Stop(Exception):
        pass

    def stop(data, seed, logs, checkpoints):
        folders.append(checkpoints)
        raise Stop

    monkeypatch.setattr(module, "fit_twice", stop)
    config = {"spec": {"name": BARE.name, "texts": list(BARE.texts)},
              "recipe": bare.recipe.model_dump(), "seed": 1}
    for code, execution, seed in (
            ("0", "7", 1), ("0", "7", 1), ("1", "7", 1), ("0", "8", 1), ("0", "7", 2)):
        given = read_given({**config, "seed": seed}, bare.files, bare.transforms, None, code)
        with pytest.raises(Stop):
            train(given, bare.folder / "run" / execution, bare.folder / "weights")
    same, again, code, execution, seed = folders
    assert same == again == execution
    assert len({same, code, seed}) == 3
