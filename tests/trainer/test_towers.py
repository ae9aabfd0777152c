"""Towers: shapes, tokens in the place of absent features, gradients, configuration."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from layer_contract import assert_learns, assert_rebuilt, weight

from trainer.layers.image_towers import FourierTower
from trainer.layers.media_towers import AudioTower, VideoTower
from trainer.layers.text_towers import BagTower, CnnTower, LstmTower, TfidfTower, TransformerTower
from trainer.layers.towers import (
    CategoricalTower,
    IdTower,
    ImageTower,
    NumericTower,
    masked_softmax,
    weighted_mean,
)
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


@pytest.fixture(params=TOWERS, scope="module")
def tower(request):
    """A tower with a token that cannot be mistaken, and its inputs."""
    make, inputs = TOWERS[request.param]
    built = make()
    built(inputs)
    weight(built, "missing/token").assign(np.arange(DIM) + 10.0)
    return built, inputs


def test_shapes_flags_and_tokens(tower):
    layer, inputs = tower
    vector, present = map(np.asarray, layer(inputs))
    assert vector.shape == (3, DIM)
    assert present.tolist() == [1, 0, 1]
    assert vector[1].tolist() == [10, 11, 12, 13]
    assert np.abs(vector[[0, 2]]).max() < 10
    assert np.abs(vector[0] - vector[2]).max() > 1e-3
    absent, present = map(np.asarray, layer(keras.tree.map_structure(np.zeros_like, inputs)))
    assert not present.any() and (absent == [10, 11, 12, 13]).all()


def test_it_learns_and_is_rebuilt(tower):
    layer, inputs = tower
    assert_learns(layer, inputs, zero=True)
    assert_rebuilt(layer, inputs)


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
    weight(tower, "project/kernel").assign(np.eye(12, DIM, -6))  # reads the stream of motion alone
    assert not np.asarray(tower((still, PRESENT[:1]))[0]).any()
    assert np.asarray(tower((one, PRESENT[:1]))[0]).any()


@pytest.mark.parametrize("kind", TOWERS)
def test_towers_compute_in_half_precision(kind, policy):
    policy("mixed_float16")
    make, inputs = TOWERS[kind]
    layer = make()
    vector, present = layer(inputs)
    assert keras.backend.standardize_dtype(vector.dtype) == "float16"
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


def test_weighted_mean_by_hand_and_without_weights():
    vectors = np.array([[[2.0, 0], [4, 8]], [[1, 1], [1, 1]]], "float32")
    result = weighted_mean(tf.constant(vectors), tf.constant([[1.0, 3.0], [0, 0]]))
    np.testing.assert_allclose(result, [[3.5, 6], [0, 0]])


def test_masked_softmax_is_softmax_over_what_is_left_with_its_gradients():
    logits = tf.constant([[1.0, 90.0, 3.0, 3.0], [0, 0, 0, 0], [5, -200, 1, 2]])
    mask = tf.constant([[1.0, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        result = masked_softmax(logits, mask)
        expected = tf.nn.softmax(tf.where(mask > 0, logits, -1e9)) * mask
        sums = [tf.reduce_sum(w * tf.constant([1.0, -2, 3, 0.5])) for w in (result, expected)]
    np.testing.assert_allclose(result, expected, atol=1e-6)
    np.testing.assert_allclose(*(tape.gradient(one, logits) for one in sums), atol=1e-6)


def test_categorical_padding_does_not_count():
    tower = CategoricalTower(DIM, 5)
    short, long = np.array([[3, 1]]), np.array([[3, 1, 0, 0, 0]])
    np.testing.assert_allclose(tower(short)[0], tower(long)[0], rtol=1e-6)
