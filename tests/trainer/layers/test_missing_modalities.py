import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.alignment import ModalityAlignment
from trainer.layers.dropout import ModalityDropout, UserDropout

ROWS, MODALITIES, DIM = 400, 3, 4
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(ROWS, MODALITIES, DIM)).astype("float32")
PRESENT = (RNG.random((ROWS, MODALITIES)) < 0.7).astype("float32")


def _dropout(rate=0.6):
    layer = ModalityDropout(rate, seed=3)
    layer.build(VECTORS.shape, PRESENT.shape)
    layer.tokens.assign(RNG.normal(size=(MODALITIES, DIM)))
    return layer


@pytest.mark.parametrize("rate", [0.3, 0.95])
def test_what_is_hidden_was_there_and_something_always_stays(rate):
    layer = _dropout(rate)
    vectors, present = map(np.asarray, layer(VECTORS, PRESENT, training=True))
    assert (present <= PRESENT).all()
    np.testing.assert_array_equal(present.max(axis=1), PRESENT.max(axis=1))
    hidden = (present < PRESENT)[PRESENT.sum(axis=1) > 1]
    assert 0.2 < hidden.mean() < 0.7
    assert hidden.any(axis=0).all()  # each of them at times
    np.testing.assert_array_equal(
        vectors, np.where(present[:, :, None] > 0, VECTORS, np.asarray(layer.tokens)))


def test_in_use_nothing_is_hidden_and_absent_ones_have_the_same_token():
    layer = _dropout()
    vectors, present = layer(VECTORS, PRESENT)
    np.testing.assert_array_equal(present, PRESENT)
    np.testing.assert_array_equal(
        vectors, np.where(PRESENT[:, :, None] > 0, VECTORS, np.asarray(layer.tokens)))


def test_the_tokens_learn_and_the_layer_can_be_rebuilt():
    layer = _dropout()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(VECTORS, PRESENT, training=True)[0])
    assert np.all(tape.gradient(loss, layer.tokens.value))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    first, second = (one(VECTORS, PRESENT, training=True)[1] for one in (_dropout(), again))
    np.testing.assert_array_equal(first, second)  # the seed decides


def test_rows_lose_all_content_at_once_and_then_nothing_else():
    """The first modality is none; a row that has content alone keeps what the luck leaves."""
    layer = ModalityDropout(0.4, seed=5, content=[1, 2])
    present = np.concatenate([np.ones((4000, 3)), np.tile([0.0, 1, 1], (400, 1))]).astype("float32")
    vectors = np.zeros((len(present), 3, DIM), "float32")
    left = np.asarray(layer(vectors, present, training=True)[1])
    np.testing.assert_array_equal(np.asarray(layer(vectors, present)[1]), present)
    rows = left[:4000]
    bare = (rows == [1, 0, 0]).all(axis=1).mean()
    # By luck alone it would be 0.6 * 0.4**2, and a little for rows that lost everything.
    assert 0.4 < bare < 0.4 + 0.6 * 0.2
    assert rows[:, 0].mean() == pytest.approx(1 - 0.6 * 0.4, abs=0.05)
    assert left[4000:, 1:].max(axis=1).all() and not left[4000:, 0].any()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config() and again.content == (1, 2)


def test_only_training_hides_users_and_always_all_of_a_row():
    layer = UserDropout(0.5, seed=1)
    given = {"user_index": np.arange(1, 201, dtype="int32"), "age": np.ones((200, 3), "float32")}
    rows = {name: keras.ops.convert_to_tensor(values) for name, values in given.items()}
    same = layer(rows, training=False)
    np.testing.assert_array_equal(same["user_index"], given["user_index"])
    hidden = {name: np.asarray(value) for name, value in layer(rows, training=True).items()}
    gone = hidden["user_index"] == 0
    assert 60 < gone.sum() < 140
    np.testing.assert_array_equal(hidden["age"], np.where(gone[:, None], 0.0, given["age"]))
    assert hidden["user_index"].dtype == np.int32
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.rate, again.seed) == (0.5, 1)


def _by_hand(one, other, rows, index, temperature):
    """InfoNCE in both directions over some rows."""
    cosines = one @ other.T / temperature
    losses = []
    for row in rows:
        others = [r for r in rows if r == row or index[r] != index[row]]
        for line in (cosines[row, others], cosines[others, row]):
            losses.append(np.log(np.exp(line).sum()) - cosines[row, row])
    return np.mean(losses)


def test_alignment_by_hand():
    present = np.array([[1, 1, 0], [1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 1, 0]], "float32")
    index = np.array([7, 2, 7, 4, 5])
    layer = ModalityAlignment(DIM, temperature=0.5)
    result = layer(VECTORS[:5], present, index).numpy()
    projected = np.asarray(layer.project(VECTORS[:5]))
    unit = projected / np.sqrt((projected**2).sum(axis=-1, keepdims=True) + 1e-6)
    pairs = {(0, 1): [0, 1, 2, 4], (0, 2): [1], (1, 2): [1, 3]}
    expected = np.mean([_by_hand(unit[:, a], unit[:, b], rows, index, 0.5)
                        for (a, b), rows in pairs.items()])
    assert result == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("present", [
    np.zeros((5, 3)), np.eye(3)[[0, 1, 2, 0, 1]]], ids=["nothing", "one each"])
def test_items_with_less_than_two_modalities_cost_nothing(present):
    layer = ModalityAlignment(DIM)
    vectors = tf.zeros((5, 3, DIM))
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        loss = layer(vectors, present.astype("float32"), tf.range(5))
    assert loss.numpy() == 0
    assert np.isfinite(tape.gradient(loss, vectors)).all()
