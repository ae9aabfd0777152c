import keras
import numpy as np
import tensorflow as tf
from layer_contract import weight

from trainer.layers.media_towers import AudioTower, EncodedTower, VideoTower
from trainer.layers.towers import (
    CategoricalTower,
    IdTower,
    masked_softmax,
    weighted_mean,
)

DIM = 4
PRESENT = np.array([1, 0, 1], "float32")
FRAMES = np.random.default_rng(3).integers(0, 256, (3, 4, 16, 24, 3)).astype("uint8")


def _embedding():
    return keras.layers.Embedding(6, DIM, name="table")


def test_silence_around_a_sound_does_not_count():
    """Eight frames make a step; padding by whole steps moves the sound and no more."""
    tower = AudioTower(DIM, channels=3)
    tower._onsets.kernel_size, tower._phrases.kernel_size = (4,), (2,)  # no overlap of steps
    sound = np.random.default_rng(0).integers(1, 256, (1, 16, 6, 1)).astype("uint8")
    padded = np.pad(sound, ((0, 0), (16, 24), (0, 0), (0, 0)))
    rest = (np.zeros((1, 4), "float32"), np.ones(1, "float32"))
    np.testing.assert_allclose(tower((sound, *rest))[0], tower((padded, *rest))[0], atol=1e-5)


def test_a_video_of_one_picture_has_no_motion():
    tower = VideoTower(DIM, channels=3)
    one = FRAMES[:1]
    still = np.repeat(one[:, :1], 4, axis=1)
    tower((one, PRESENT[:1]))
    weight(tower, "project/kernel").assign(np.eye(12, DIM, -6))  # reads the stream of motion alone
    assert not np.asarray(tower((still, PRESENT[:1]))[0]).any()
    assert np.asarray(tower((one, PRESENT[:1]))[0]).any()


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


def test_the_length_of_an_encoders_vectors_does_not_matter():
    vectors, tower = np.random.default_rng(0).normal(size=(2, 7)).astype("float32"), EncodedTower(5)
    long, short = (tower((vectors * by, np.ones(2, "float32")))[0] for by in (1000, 100))
    np.testing.assert_allclose(long, short, rtol=1e-3, atol=1e-4)
