"""Pretrained encoders: what they make of raw values, and what is told of those that cannot."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_encoders as tiny
from pydantic import ValidationError

from schemas import InputError
from schemas.media import wav
from trainer.encoders.encoder import Encoder
from trainer.encoders.module import digest, load, resolve
from trainer.encoders.operations import foreign_operations
from trainer.recipe import Recipe
from trainer.recipe.encoders import Encoders


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of the encoders, and a recipe's `encoders`."""
    folder = tmp_path_factory.mktemp("encoders")
    return folder, tiny.all_three(folder)


def encoder(modality, **options):
    given = Encoders(**{modality: options}).given()[modality]
    return Encoder(modality, given, load(modality, given))


def refused(modality, **options):
    with pytest.raises(InputError) as caught:
        encoder(modality, **options)
    return str(caught.value)


def png(colour):
    return tf.io.encode_png(np.full((5, 9, 3), colour, np.uint8)).numpy()


def sound(*loudness):
    """A tenth of a second of each loudness."""
    samples = np.concatenate([np.full(1_600, 32_768 * one) for one in loudness])
    return wav(samples.astype("<i2").tobytes())


def test_texts(made):
    text = encoder("text", **made[1]["text"])
    found = text.encode(tf.constant(["train heist", "", " ", "heist train"]))
    assert text.shape == (3,) and found["present"].numpy().tolist() == [1, 0, 0, 1]
    np.testing.assert_allclose(found["vector"][0], found["vector"][3], rtol=1e-6)
    assert np.abs(found["vector"][0]).min() > 0 and not found["vector"][1:3].numpy().any()


def test_pictures_become_0_to_1_in_the_encoders_size(made):
    image = encoder("image", **made[1]["image"])
    found = image.encode(tf.constant([png(255), b"", png(51)]))
    weights = tiny.Pictures()._weights.numpy()
    np.testing.assert_allclose(found["vector"][0], weights.sum(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["vector"][2], 0.2 * weights.sum(axis=0), rtol=1e-4, atol=1e-4)
    assert found["present"].numpy().tolist() == [1, 0, 1]
    assert not found["vector"][1].numpy().any()


def test_frames_of_a_sound_are_averaged_without_the_silence_behind_it(made):
    audio = encoder("audio", **made[1]["audio"])  # half a second, five frames
    long = sound(0, 0.5, 0.5, 0.5, 0.5, 0.5, 0)  # its middle is heard
    found = audio.encode(tf.constant([sound(0.5, 0.25), b"", b"junk", long]))
    np.testing.assert_allclose(found["vector"][0], [0.375, (0.25 + 0.0625) / 2], atol=1e-4)
    np.testing.assert_allclose(found["vector"][3], [0.5, 0.25], atol=1e-4)
    assert found["present"].numpy().tolist() == [1, 0, 0, 1]
    assert not found["vector"][1:3].numpy().any()


def test_an_encoder_of_frames_in_batches(tmp_path):
    class Frames(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 4_800], tf.float32)])
        def __call__(self, samples):
            return tf.reshape(samples, [-1, 3, 1_600])[:, :, :2]

    audio = encoder("audio", handle=tiny.save(Frames(), tmp_path / "frames"))
    found = audio.encode(tf.constant([sound(0.5), sound(0.5, 0.25)]))
    np.testing.assert_allclose(found["vector"], [[0.5, 0.5], [0.375, 0.375]], atol=1e-4)


def test_saved_and_loaded_again_it_says_the_same(made, tmp_path):
    raw = {"text": ["calm sea", ""], "image": [png(9), b""], "audio": [sound(0.1), b""]}
    for modality, values in raw.items():
        before = encoder(modality, **made[1][modality])
        tf.saved_model.save(before, str(tmp_path / modality))
        assert foreign_operations(tmp_path / modality) == ()
        loaded = tf.saved_model.load(str(tmp_path / modality))
        again = loaded.encode(tf.constant(values))
        for name, value in before.encode(tf.constant(values)).items():
            np.testing.assert_array_equal(value, again[name])


def test_a_keras_model_is_an_encoder(tmp_path):
    model = tiny.keras_cnn(tmp_path / "cnn.keras")
    image = encoder("image", handle=str(tmp_path / "cnn.keras"))
    found = image.encode(tf.constant([png(51)]))
    expected = model(np.full((1, 8, 8, 3), 0.2, "float32"), training=False)
    np.testing.assert_allclose(found["vector"], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("trained", "shape"), [(1, (4,)), (2, (4, 4, 4)), (4, (6, 6, 4))])
def test_fine_tuning_cuts_a_keras_model(tmp_path, trained, shape):
    model = tiny.keras_cnn(tmp_path / "cnn.keras")
    options = Encoders(image={"handle": str(tmp_path / "cnn.keras"), "fine_tune": trained}).image
    module = load("image", options)
    trunk = Encoder("image", options, module)
    assert trunk.shape == shape
    assert len([one for one in module.tail.layers if one.weights]) == [1, 1, 2, 3][trained - 1]
    middle = trunk.encode(tf.constant([png(51)]))["vector"]
    expected = model(np.full((1, 8, 8, 3), 0.2, "float32"), training=False)
    np.testing.assert_allclose(module.tail(middle), expected, rtol=1e-5, atol=1e-6)


def test_what_fine_tuning_cannot_cut(tmp_path):
    tiny.keras_cnn(tmp_path / "cnn.keras")
    message = refused("image", handle=str(tmp_path / "cnn.keras"), fine_tune=5)
    assert "a model of 5 layers, of which fine_tune trains 5: allowed are 1 to 4" in message
    given = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(3, 1, name="first")(given)
    second = keras.layers.Conv2D(3, 1, name="second")(first)
    whole = keras.layers.Flatten()(keras.layers.Add(name="around")([first, second]))
    keras.Model(given, whole).save(tmp_path / "around.keras")
    message = refused("image", handle=str(tmp_path / "around.keras"), fine_tune=2)
    assert "cannot be cut before its last 2 layers (around, flatten" in message
    with pytest.raises(ValidationError, match="only a Keras model, a file ending in '.keras'"):
        Encoders(image={"handle": "folder", "fine_tune": 1})


def test_a_path_without_an_encoder(tmp_path):
    message = refused("text", handle=str(tmp_path))
    assert f"encoders.text.handle is {str(tmp_path)!r}" in message
    assert "neither a folder with a saved_model.pb nor a .keras file" in message
    assert "from the recipe's file on" in message and "'https://'" in message


def test_a_handle_that_cannot_be_fetched(monkeypatch, tmp_path):
    import tensorflow_hub

    def offline(handle):
        raise OSError("<urlopen error no route>")

    monkeypatch.setattr(tensorflow_hub, "resolve", offline)
    message = refused("image", handle="https://tfhub.dev/some/module/1")
    assert "encoders.image.handle is 'https://tfhub.dev/some/module/1'" in message
    assert "cannot be fetched (<urlopen error no route>)" in message
    assert "TFHUB_CACHE_DIR" in message and "folder with a saved_model.pb" in message


def test_a_handle_that_tf_hub_has_kept(made, monkeypatch, tmp_path):
    import hashlib

    handle = "https://tfhub.dev/some/words/1"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    kept = tmp_path / hashlib.sha1(handle.encode()).hexdigest()  # as TF-Hub names it
    kept.symlink_to(made[0] / "words")
    assert resolve("text", handle) == kept
    assert encoder("text", handle=handle).shape == (3,)


def test_files_of_another_kind(tmp_path):
    (tmp_path / "x.keras").write_bytes(b"no zip")
    assert "which cannot be loaded" in refused("image", handle=str(tmp_path / "x.keras"))
    for content in (b"", b"no protobuf"):
        (tmp_path / "saved_model.pb").write_bytes(content)
        assert "which cannot be loaded" in refused("text", handle=str(tmp_path))


@pytest.mark.parametrize(("modality", "other", "takes", "allowed"), [
    ("text", "image", "float32 (batch, 8, 8, 3)", "strings (batch,)"),
    ("image", "text", "string (batch,)", "float32 (batch, height, width, 3)"),
    ("audio", "image", "float32 (batch, 8, 8, 3)", "float32 (batch, samples), or one sound"),
])
def test_an_encoder_of_another_modality(made, modality, other, takes, allowed):
    message = refused(modality, handle=made[1][other]["handle"])
    assert f"encoders.{modality}.handle is" in message
    assert f"which takes {takes}; an encoder of this modality takes {allowed}" in message


def test_several_outputs_need_a_name(made):
    image = made[1]["image"]["handle"]
    message = refused("image", handle=image)
    assert "encoders.image.output is None; the encoder answers with 'colours', 'size'" in message
    assert "encoders.image.output is 'shape'" in refused("image", handle=image, output="shape")


def test_an_answer_that_is_no_vector(made, tmp_path):
    message = refused("image", handle=made[1]["image"]["handle"], output="size")
    assert "answers with int32" in message and "float32 (batch, width)" in message
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)]).save(
        tmp_path / "map.keras")
    message = refused("image", handle=str(tmp_path / "map.keras"))
    assert "answers with float32 (batch, 6, 6, 2); allowed is one vector" in message


class Answers(tf.Module):
    """Answers texts with something that has not a row for each."""

    def __init__(self, answer):
        super().__init__()
        self._answer = answer

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        return self._answer(tf.strings.length(texts))


@pytest.mark.parametrize(("answer", "told"), [
    (lambda lengths: tf.zeros([1, 3]) + tf.cast(tf.reduce_sum(lengths), tf.float32),
     "float32 (1, 3) for two values"),
    (lambda lengths: tf.cast(tf.reduce_sum(lengths), tf.float32), "float32 () for two values"),
    (lambda lengths: tf.cast(lengths, tf.float32), "float32 (batch,)"),
])
def test_an_answer_is_told_as_it_is(tmp_path, answer, told):
    message = refused("text", handle=tiny.save(Answers(answer), tmp_path / "module"))
    assert f"which answers with {told}; allowed is one vector for each value, float32 (batch, " in (
        message)


def test_the_size_of_pictures(made, tmp_path):
    message = refused("image", **{**made[1]["image"], "height": 16})
    assert "encoders.image.height is 16" in message and "takes 8" in message
    keras.Sequential([keras.Input((None, None, 3)), keras.layers.GlobalMaxPooling2D()]).save(
        tmp_path / "any.keras")
    message = refused("image", handle=str(tmp_path / "any.keras"))
    assert "encoders.image.height is not given" in message
    assert encoder("image", handle=str(tmp_path / "any.keras"), height=4, width=6).shape == (3,)


def test_more_inputs_than_one(tmp_path):
    class Two(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)] * 2)
        def __call__(self, one, two):
            return one

    message = refused("text", handle=tiny.save(Two(), tmp_path / "two"))
    assert "takes 2 tensors; an encoder takes one" in message


def test_operations_that_tensorflow_lacks(made, tmp_path, monkeypatch):
    folder = tiny.with_foreign_operation(made[0] / "words", tmp_path / "foreign")
    assert foreign_operations(tmp_path / "foreign") == ("SplitAsNobodyElse",)
    monkeypatch.setitem(__import__("sys").modules, "tensorflow_text", None)
    message = refused("text", handle=folder)
    assert "operations that TensorFlow lacks: SplitAsNobodyElse" in message
    assert f"Install tensorflow-text of TensorFlow's version ({tf.__version__})" in message


def test_python_in_a_graph_is_foreign(tmp_path):
    class Python(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            return tf.numpy_function(lambda t: np.zeros((len(t), 2), "float32"), [texts],
                                     tf.float32)

    tiny.save(Python(), tmp_path / "python")
    assert foreign_operations(tmp_path / "python") == ("PyFunc",)


def test_the_digest_is_of_the_content(made, tmp_path):
    copies = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_bytes(b"same")
        copies.append(digest(tmp_path / name))
    assert copies[0] == copies[1]
    (tmp_path / "two" / "saved_model.pb").write_bytes(b"sane")
    assert digest(tmp_path / "two") != copies[0]


@pytest.mark.parametrize(("given", "where", "message"), [
    ({"video": {"handle": "x"}}, "video", "Extra inputs are not permitted"),
    ({"text": {"handle": ""}}, "text.handle", "at least 1 character"),
    ({"text": {"handle": "x", "fine_tune": 1}}, "text.fine_tune", "Extra inputs"),
    ({"text": {"handle": "x", "batch_size": 0}}, "text.batch_size", "greater than 0"),
    ({"audio": {"handle": "x", "seconds": 31}}, "audio.seconds", "equal to 30"),
])
def test_keys_that_cannot_be(given, where, message):
    with pytest.raises(ValidationError) as caught:
        Recipe(description="d", tasks={"find": {"head": "retrieval"}}, encoders=given)
    [error] = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == f"encoders.{where}" and message in error["msg"]
