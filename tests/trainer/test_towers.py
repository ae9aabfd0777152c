"""Towers: shapes, tokens in the place of absent features, gradients, configuration."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.audio_tower import AudioTower
from trainer.layers.image.fourier import FourierTower
from trainer.layers.text.bag import BagTower
from trainer.layers.text.cnn import CnnTower
from trainer.layers.text.lstm import LstmTower
from trainer.layers.text.tfidf import TfidfTower
from trainer.layers.text.transformer import TransformerTower
from trainer.layers.towers import (
    CategoricalTower,
    IdTower,
    ImageTower,
    MissingToken,
    NumericTower,
    masked_softmax,
    weighted_mean,
)
from trainer.layers.video_tower import VideoTower
from trainer.modalities.image.codebook import fitted_tower

DIM = 4
WORDS = np.array([[3, 1, 0], [0, 0, 0], [2, 0, 0]], "int32")
RUNS = np.array([[3, 0, 0], [0, 0, 0], [1, 2, 3]], "int32")
WEIGHTS = np.array([[0.2, 0.6, 0], [0, 0, 0], [1, 0, 0]], "float32")
PRESENT = np.array([1, 0, 1], "float32")
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype("uint8")
BANDS = np.random.default_rng(1).integers(1, 256, (3, 21, 6, 1)).astype("uint8")
CEPSTRUM = np.random.default_rng(2).normal(0, 9, (3, 4)).astype("float32")
FRAMES = np.random.default_rng(3).integers(0, 256, (3, 4, 16, 24, 3)).astype("uint8")
NUMBERS = np.array([[1.5], [0], [-2]], "float32")


def _embedding():
    return keras.layers.Embedding(6, DIM, name="table")


# Of three rows, the second lacks the feature.
TOWERS = {
    "id": (lambda: IdTower(DIM, _embedding()), np.array([2, 0, 5], "int32")),
    "categorical": (lambda: CategoricalTower(DIM, 5), WORDS),
    "tfidf": (lambda: TfidfTower(DIM, [5]), (WORDS, WEIGHTS)),
    "tfidf with characters": (lambda: TfidfTower(DIM, [5, 4]), (WORDS, WEIGHTS, RUNS, WEIGHTS)),
    "bag": (lambda: BagTower(DIM, 5), WORDS),
    "cnn": (lambda: CnnTower(DIM, 5), WORDS),
    "lstm": (lambda: LstmTower(DIM, 5), WORDS),
    "transformer": (lambda: TransformerTower(DIM, 5), WORDS),
    "numeric": (lambda: NumericTower(DIM), (NUMBERS, PRESENT)),
    "image": (lambda: ImageTower(DIM, channels=2), (PIXELS, PRESENT)),
    "visual words": (lambda: fitted_tower(DIM, PIXELS), (PIXELS, PRESENT)),
    "fourier": (lambda: FourierTower(DIM), (PIXELS, PRESENT)),
    "audio": (lambda: AudioTower(DIM, channels=2), (BANDS, CEPSTRUM, PRESENT)),
    "video": (lambda: VideoTower(DIM, channels=2), (FRAMES, PRESENT)),
}


@pytest.fixture(params=TOWERS)
def tower(request):
    """A tower with a token that cannot be mistaken, and its inputs."""
    make, inputs = TOWERS[request.param]
    built = make()
    built(inputs)
    built._missing.token.assign(np.arange(DIM) + 10.0)
    return built, inputs


def test_shapes_flags_and_tokens(tower):
    layer, inputs = tower
    vector, present = map(np.asarray, layer(inputs))
    assert vector.shape == (3, DIM)
    assert present.tolist() == [1, 0, 1]
    assert vector[1].tolist() == [10, 11, 12, 13]
    assert np.abs(vector[[0, 2]]).max() < 10
    assert np.abs(vector[0] - vector[2]).max() > 1e-3


def test_rows_that_all_lack_the_feature_give_tokens_only(tower):
    layer, inputs = tower
    absent = keras.tree.map_structure(np.zeros_like, inputs)
    vector, present = map(np.asarray, layer(absent))
    assert not present.any()
    assert (vector == [10, 11, 12, 13]).all()


def test_every_weight_learns(tower):
    layer, inputs = tower
    with tf.GradientTape() as tape:
        vector, _ = layer(inputs)
        loss = tf.reduce_sum(vector * tf.constant([[1.0, -2.0, 3.0, 0.5]]))
    gradients = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    for weight, gradient in zip(layer.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), weight.path


@pytest.mark.parametrize(
    "kind", ["numeric", "image", "visual words", "fourier", "audio", "video"])
def test_what_an_absent_row_holds_reaches_nothing(kind):
    make, (*values, present) = TOWERS[kind]
    layer = make()
    garbage = [one.copy() for one in values]
    for one in garbage:
        one[1] = 77
    np.testing.assert_array_equal(layer((*garbage, present))[0], layer((*values, present))[0])


def test_silence_around_a_sound_does_not_count():
    """Eight frames make a step; padding by whole steps moves the sound and no more."""
    tower = AudioTower(DIM, channels=3)
    tower._onsets.kernel_size, tower._phrases.kernel_size = (4,), (2,)  # no overlap of steps
    sound = np.random.default_rng(0).integers(1, 256, (1, 16, 6, 1)).astype("uint8")
    padded = np.pad(sound, ((0, 0), (16, 24), (0, 0), (0, 0)))
    rest = (np.zeros((1, 4), "float32"), np.ones(1, "float32"))
    np.testing.assert_allclose(tower((sound, *rest))[0], tower((padded, *rest))[0], atol=1e-5)


def test_a_video_that_stands_still_has_no_motion():
    tower = VideoTower(DIM, channels=3)
    one = FRAMES[:1]
    still = np.repeat(one[:, :1], 4, axis=1)
    tower((one, PRESENT[:1]))
    tower._project.kernel.assign(np.eye(12, DIM, -6))  # reads the stream of motion alone
    assert not np.asarray(tower((still, PRESENT[:1]))[0]).any()
    assert np.asarray(tower((one, PRESENT[:1]))[0]).any()


def test_a_rebuilt_tower_is_the_same(tower):
    layer, inputs = tower
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    again(inputs)
    again.set_weights(layer.get_weights())
    np.testing.assert_allclose(again(inputs)[0], layer(inputs)[0], rtol=1e-6)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", TOWERS)
def test_towers_compute_in_half_precision(kind, precision, policy):
    policy(precision)
    make, inputs = TOWERS[kind]
    layer = make()
    vector, present = layer(inputs)
    assert keras.backend.standardize_dtype(vector.dtype) == precision.removeprefix("mixed_")
    assert np.isfinite(tf.cast(vector, tf.float32)).all()
    assert tf.cast(present, tf.float32).numpy().tolist() == [1, 0, 1]


def test_ids_are_hidden_in_training_only():
    tower = IdTower(DIM, _embedding(), id_dropout=0.5, seed=3)
    index = np.full(400, 2, "int32")
    assert np.asarray(tower(index)[1]).all()
    assert np.asarray(tower(index, training=False)[1]).all()
    vector, present = map(np.asarray, tower(index, training=True))
    assert 0.4 < present.mean() < 0.6
    assert not vector[present == 0].any()  # the token starts at zero
    again = np.asarray(tower(index, training=True)[1])
    assert (again != present).any()


def test_no_id_is_hidden_without_id_dropout():
    assert np.asarray(IdTower(DIM, _embedding())(np.full(50, 2), training=True)[1]).all()


def test_missing_token_chooses_by_row():
    layer = MissingToken()
    vectors = np.ones((2, 3), "float32")
    layer((vectors, np.ones(2, "float32")))
    layer.token.assign([5.0, 6.0, 7.0])
    found = np.asarray(layer((vectors, np.array([1, 0], "float32"))))
    assert found.tolist() == [[1, 1, 1], [5, 6, 7]]


def test_weighted_mean_by_hand_and_without_weights():
    vectors = np.array([[[2.0, 0], [4, 8]], [[1, 1], [1, 1]]], "float32")
    found = weighted_mean(tf.constant(vectors), tf.constant([[1.0, 3.0], [0, 0]]))
    np.testing.assert_allclose(found, [[3.5, 6], [0, 0]])


def test_masked_softmax_is_softmax_over_what_is_left_with_its_gradients():
    logits = tf.constant([[1.0, 90.0, 3.0, 3.0], [0, 0, 0, 0], [5, -200, 1, 2]])
    mask = tf.constant([[1.0, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        found = masked_softmax(logits, mask)
        expected = tf.nn.softmax(tf.where(mask > 0, logits, -1e9)) * mask
        sums = [tf.reduce_sum(w * tf.constant([1.0, -2, 3, 0.5])) for w in (found, expected)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(*(tape.gradient(one, logits) for one in sums), atol=1e-6)


def test_categorical_padding_does_not_count():
    tower = CategoricalTower(DIM, 5)
    short, long = np.array([[3, 1]]), np.array([[3, 1, 0, 0, 0]])
    np.testing.assert_allclose(tower(short)[0], tower(long)[0], rtol=1e-6)
