import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refuses

from pipeline.privacy.forget import forget
from pipeline.root import one_run
from serving.forgetting import _nobody, without_user
from serving.model_files import require_manifest, write_manifest

USERS = ["ann", "bob", "eve"]
HISTORIES = np.array([[0, 0], [1, 2], [3, 0], [4, 4]], np.int32)
TEXTS = np.array([b"", b"bob's own", b"of all", b"ann's own"], object)
PLACES = np.array([[0, 0], [3, 2], [1, 2], [2, 0]], np.int32)


class Rows(tf.Module):
    """What `trainer.export.run` declares."""


class Model(tf.Module):
    """Knows users in each of the ways in which an export does."""

    def __init__(self, vocabulary: str):
        super().__init__()
        self.table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
            vocabulary, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), -1)
        self.vectors = keras.layers.Embedding(4, 2, name="vectors")
        self.vectors.build()
        self.vectors.set_weights([np.arange(8.0).reshape(4, 2)])
        self.items = tf.Variable(np.arange(8.0).reshape(4, 2) + 1)  # as large, and no user's
        self.history, self.texts = tf.Variable(HISTORIES), tf.Variable(TEXTS)
        self.places = tf.Variable(PLACES)
        self.splits, self.seen = tf.Variable([0, 0, 2, 3, 5]), tf.Variable([1, 2, 3, 4, 4])
        rows = self.user_rows = Rows()
        rows.ids = tf.saved_model.Asset(vocabulary)
        rows.rows = [self.vectors.embeddings, self.history]
        rows.places, rows.placed = [self.places], [self.texts]
        rows.ends, rows.events = self.splits, self.seen

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "user_id")])
    def profile(self, user_id):
        user = tf.cast(self.table.lookup(user_id) + 1, tf.int32)
        return {"index": user, "vector": self.vectors(user), "items": tf.gather(self.items, user),
                "history": tf.gather(self.history, user),
                "texts": tf.gather(self.texts, tf.gather(self.places, user))}


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "users").write_text("".join(f"{user}\n" for user in USERS))
    model = Model(str(folder / "users"))
    tf.saved_model.save(model, str(folder / "1"), signatures={"profile": model.profile})
    write_manifest(folder / "1")
    return folder / "1"


def asked(version):
    model = tf.saved_model.load(str(version))
    result = model.signatures["profile"](user_id=tf.constant(["", *USERS]))
    return model, {name: value.numpy() for name, value in result.items()}


def test_a_user_is_forgotten_and_the_others_are_as_before(version, tmp_path):
    without_user(version, "bob", tmp_path / "2")
    require_manifest(tmp_path / "2")
    _, before = asked(version)
    model, after = asked(tmp_path / "2")
    assert before["index"].tolist() == [0, 1, 2, 3] and after["index"].tolist() == [0, 1, 0, 3]
    for name in before:
        np.testing.assert_array_equal(after[name][[0, 1, 3]], before[name][[0, 1, 3]], err_msg=name)
        np.testing.assert_array_equal(after[name][2], before[name][0], err_msg=name)
    np.testing.assert_array_equal(model.items.numpy(), np.arange(8.0).reshape(4, 2) + 1)
    for stored in (model.history, model.places, *model.user_rows.rows):
        np.testing.assert_array_equal(stored.numpy()[2], stored.numpy()[0])
    assert model.texts.numpy().tolist() == [b"", b"", b"of all", b"ann's own"]
    assert model.seen.numpy().tolist() == [1, 2, 0, 4, 4]
    files = [path.read_bytes() for path in (tmp_path / "2").rglob("*") if path.is_file()]
    assert not any(b"bob" in content for content in files)


def test_a_user_that_the_model_does_not_know(version, tmp_path):
    with refuses("user-not-in-model", "among 3") as caught:
        without_user(version, "zoe-raw-id", tmp_path / "2")
    assert "zoe-raw-id" not in str(caught.value)
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    with refuses("model-without-user-rows", "deletion_list"):
        without_user(tmp_path / "1", "ann", tmp_path / "3")


def test_nobody_is_forgotten_while_a_run_of_the_model_is_under_way(tmp_path):
    version = tmp_path / "serving" / "demo-small-1" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"")
    with one_run(tmp_path, "demo-small-1"), refuses("run-under-way"):
        forget(tmp_path, "ann")


def test_an_id_that_only_looks_like_a_number_is_a_text():
    example = tf.train.Example()
    example.features.feature["user_id"].bytes_list.value.append(b"--5")
    left = tf.train.Example.FromString(_nobody(example.SerializeToString(), b"--5"))
    assert left.features.feature["user_id"].bytes_list.value == [b""]
