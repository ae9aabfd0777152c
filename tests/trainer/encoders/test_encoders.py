import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_encoders as tiny

from components.media_encoder.component import read_encoders
from schemas import InputError
from schemas.media import wav
from trainer.encoders.encoder import Encoder
from trainer.encoders.module import digest, foreign_operations, load, resolve
from trainer.modalities.image.options import ImageEncoder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of the encoders, and a recipe's `encoders`."""
    folder = tmp_path_factory.mktemp("encoders")
    return folder, tiny.all_three(folder)


def encoder(modality, **options):
    given = read_encoders({modality: options})[modality]
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
    result = text.encode(tf.constant(["train heist", "", " ", "heist train"]))
    assert text.shape == (3,) and result["present"].numpy().tolist() == [1, 0, 0, 1]
    np.testing.assert_allclose(result["vector"][0], result["vector"][3], rtol=1e-6)
    assert np.abs(result["vector"][0]).min() > 0 and not result["vector"][1:3].numpy().any()


def test_pictures_become_0_to_1_in_the_encoders_size(made):
    image = encoder("image", **made[1]["image"])
    result = image.encode(tf.constant([png(255), b"", png(51)]))
    weights = tiny.Pictures()._weights.numpy()
    np.testing.assert_allclose(result["vector"][0], weights.sum(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(result["vector"][2], 0.2 * weights.sum(axis=0), rtol=1e-4, atol=1e-4)
    assert result["present"].numpy().tolist() == [1, 0, 1]
    assert not result["vector"][1].numpy().any()


def test_frames_of_a_sound_are_averaged_without_the_silence_behind_it(made):
    audio = encoder("audio", **made[1]["audio"])  # half a second, five frames
    long = sound(0, 0.5, 0.5, 0.5, 0.5, 0.5, 0)  # its middle is heard
    result = audio.encode(tf.constant([sound(0.5, 0.25), b"", b"junk", long]))
    np.testing.assert_allclose(result["vector"][0], [0.375, (0.25 + 0.0625) / 2], atol=1e-4)
    np.testing.assert_allclose(result["vector"][3], [0.5, 0.25], atol=1e-4)
    assert result["present"].numpy().tolist() == [1, 0, 0, 1]
    assert not result["vector"][1:3].numpy().any()


def test_an_encoder_of_frames_in_batches(tmp_path):
    class Frames(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 4_800], tf.float32)])
        def __call__(self, samples):
            return tf.reshape(samples, [-1, 3, 1_600])[:, :, :2]

    audio = encoder("audio", handle=tiny.save(Frames(), tmp_path / "frames"))
    result = audio.encode(tf.constant([sound(0.5), sound(0.5, 0.25)]))
    np.testing.assert_allclose(result["vector"], [[0.5, 0.5], [0.375, 0.375]], atol=1e-4)


def test_a_keras_model_is_an_encoder(tmp_path):
    model = tiny.keras_cnn(tmp_path / "cnn.keras")
    image = encoder("image", handle=str(tmp_path / "cnn.keras"))
    result = image.encode(tf.constant([png(51)]))
    expected = model(np.full((1, 8, 8, 3), 0.2, "float32"), training=False)
    np.testing.assert_allclose(result["vector"], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("trained", "shape"), [(1, (4,)), (2, (4, 4, 4)), (4, (6, 6, 4))])
def test_fine_tuning_cuts_a_keras_model(tmp_path, trained, shape):
    model = tiny.keras_cnn(tmp_path / "cnn.keras")
    options = ImageEncoder(handle=str(tmp_path / "cnn.keras"), fine_tune=trained)
    module = load("image", options)
    trunk = Encoder("image", options, module)
    assert trunk.shape == shape
    assert len([one for one in module.tail.layers if one.weights]) == [1, 1, 2, 3][trained - 1]
    middle = trunk.encode(tf.constant([png(51)]))["vector"]
    expected = model(np.full((1, 8, 8, 3), 0.2, "float32"), training=False)
    np.testing.assert_allclose(module.tail(middle), expected, rtol=1e-5, atol=1e-6)


def saved(*layers):
    """Writes a Keras model of pictures; returns an encoder of it."""
    def save(made, folder):
        keras.Sequential(list(layers)).save(folder / "any.keras")
        return "image", {"handle": str(folder / "any.keras")}
    return save


def of_bytes(name, content):
    def write(made, folder):
        (folder / name).write_bytes(content)
        return "image", {"handle": str(folder / name if name.endswith("keras") else folder)}
    return write


def module(kind, *arguments):
    return lambda made, folder: (
        "text", {"handle": tiny.save(kind(*arguments), folder / "module")})


def ready(modality, other, **options):
    """An encoder of `made` for another modality, or with other options."""
    return lambda made, folder: (modality, {"handle": made[1][other]["handle"], **options})


def cut(layers):
    def write(made, folder):
        tiny.keras_cnn(folder / "cnn.keras")
        return "image", {"handle": str(folder / "cnn.keras"), "fine_tune": layers}
    return write


def around(made, folder):
    given = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(3, 1, name="first")(given)
    second = keras.layers.Conv2D(3, 1, name="second")(first)
    whole = keras.layers.Flatten()(keras.layers.Add(name="around")([first, second]))
    keras.Model(given, whole).save(folder / "around.keras")
    return "image", {"handle": str(folder / "around.keras"), "fine_tune": 2}


class Answers(tf.Module):
    """Answers texts with something that has not a row for each."""

    def __init__(self, output):
        super().__init__()
        self._output = output

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        return self._output(tf.strings.length(texts))


class Two(tf.Module):
    """Takes two tensors."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)] * 2)
    def __call__(self, one, two):
        return one


PICTURE = keras.Input((8, 8, 3))
REFUSED = {
    "a path without an encoder": (lambda made, folder: ("text", {"handle": str(folder)}),
                                  ["neither a folder with a saved_model.pb nor a .keras file"]),
    "no zip": (of_bytes("x.keras", b"no zip"), ["cannot be loaded"]),
    "an empty graph": (of_bytes("saved_model.pb", b""), ["cannot be loaded"]),
    "no graph": (of_bytes("saved_model.pb", b"no protobuf"), ["cannot be loaded"]),
    "pictures as texts": (ready("text", "image"),
                          ["takes float32 (batch, 8, 8, 3)", "takes strings (batch,)"]),
    "texts as pictures": (ready("image", "text"),
                          ["takes string (batch,)", "takes float32 (batch, height, width, 3)"]),
    "pictures as sounds": (ready("audio", "image"),
                           ["takes float32 (batch, 8, 8, 3)", "takes float32 (batch, samples)"]),
    "no output named": (ready("image", "image"), ["output is None", "'colours', 'size'"]),
    "another output": (ready("image", "image", output="shape"), ["output is 'shape'"]),
    "an output of integers": (ready("image", "image", output="size"),
                              ["returns int32", "float32 (batch, width)"]),
    "a map": (saved(PICTURE, keras.layers.Conv2D(2, 3)),
              ["returns float32 (batch, 6, 6, 2)"]),
    "one row for all": (module(Answers, lambda lengths: tf.zeros([1, 3]) + tf.cast(
        tf.reduce_sum(lengths), tf.float32)), ["returns float32 (1, 3) for two values"]),
    "one number for all": (module(Answers, lambda lengths: tf.cast(
        tf.reduce_sum(lengths), tf.float32)), ["returns float32 () for two values"]),
    "a number for each": (module(Answers, lambda lengths: tf.cast(lengths, tf.float32)),
                          ["returns float32 (batch,)"]),
    "two inputs": (module(Two), ["takes 2 tensors"]),
    "another height": (ready("image", "image", output="colours", height=16),
                       ["height is 16", "takes 8"]),
    "no height": (saved(keras.Input((None, None, 3)), keras.layers.GlobalMaxPooling2D()),
                  ["modalities.image.encoder.height is not given"]),
    "a tail of all layers": (cut(5), ["fine_tune trains 5: allowed are 1 to 4"]),
    "a tail that cuts an arc": (around, ["before its last 2 layers (around, flatten"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_encoder_is_refused(made, tmp_path, case):
    given, words = REFUSED[case]
    modality, options = given(made, tmp_path)
    message = refused(modality, **options)
    for word in [f"modalities.{modality}.encoder.", *words]:
        assert word in message


def test_an_encoder_of_pictures_of_any_size_takes_the_recipes(made, tmp_path):
    _, given = REFUSED["no height"][0](made, tmp_path)
    assert encoder("image", **given, height=4, width=6).shape == (3,)


def test_a_handle_that_cannot_be_fetched(monkeypatch, tmp_path):
    import tensorflow_hub

    def offline(handle):
        raise OSError("<urlopen error no route>")

    monkeypatch.setattr(tensorflow_hub, "resolve", offline)
    message = refused("image", handle="https://tfhub.dev/some/module/1")
    assert "modalities.image.encoder.handle is 'https://tfhub.dev/some/module/1'" in message
    assert "cannot be fetched (<urlopen error no route>)" in message
    assert "TFHUB_CACHE_DIR" in message


def test_a_handle_that_tf_hub_has_kept(made, monkeypatch, tmp_path):
    import hashlib

    handle = "https://tfhub.dev/some/words/1"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    kept = tmp_path / hashlib.sha1(handle.encode()).hexdigest()  # as TF-Hub names it
    kept.symlink_to(made[0] / "words")
    assert resolve("text", handle) == kept
    assert encoder("text", handle=handle).shape == (3,)


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
