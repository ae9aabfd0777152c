"""From a fused vector to each task's number: sharing and heads."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.heads import PairHead
from trainer.layers.sharing import SHARINGS

BATCH, DIM = 3, 4
RNG = np.random.default_rng(0)
USER, ITEM = RNG.normal(size=(2, BATCH, DIM)).astype("float32")


def _randomized(layer):
    layer.set_weights([RNG.normal(size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.fixture
def head():
    head = PairHead(DIM, offset=3.5, dropout=0.5)
    head(USER, ITEM)
    return _randomized(head)


def test_a_new_head_says_the_mean():
    assert np.asarray(PairHead(DIM, offset=3.5)(USER, ITEM)).tolist() == [3.5] * BATCH


def test_one_user_meets_many_candidates(head):
    table = np.asarray(head(USER[:, None, :], ITEM[None, :, :]))
    assert table.shape == (BATCH, BATCH)
    np.testing.assert_allclose(np.diagonal(table), head(USER, ITEM), rtol=1e-5)
    candidates = np.stack([ITEM, ITEM[::-1]])[:, :2]  # two users with two candidates each
    own = np.asarray(head(USER[:2, None, :], candidates))
    np.testing.assert_allclose(own, [table[0, :2], table[1, :0:-1]], rtol=1e-5)


def test_a_head_drops_in_training_only(head):
    np.testing.assert_array_equal(head(USER, ITEM), head(USER, ITEM, training=False))
    assert np.abs(head(USER, ITEM, training=True) - head(USER, ITEM)).max() > 1e-3


@pytest.mark.parametrize("name", SHARINGS)
def test_sharing_gives_each_task_its_own_vector(name):
    layer = SHARINGS[name](["rating", "like"], DIM)
    found = layer(USER)
    assert set(found) == {"rating", "like"}
    assert all(vector.shape == (BATCH, DIM) for vector in found.values())
    assert np.abs(found["rating"] - found["like"]).max() > 1e-3


def test_shared_bottom_shares_its_bottom():
    layer = SHARINGS["shared_bottom"](["rating", "like"], DIM)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(USER)["rating"] ** 2)
    names = [w.path for w in layer.trainable_weights]
    gradients = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    learns = {n for n, gradient in zip(names, gradients, strict=True) if gradient is not None}
    assert {n for n in names if "/like/" not in n} == learns


@pytest.mark.parametrize(("make", "inputs"), [
    (lambda: PairHead(DIM, 3.5, 0.5), (USER, ITEM)),
    *[(lambda name=name: SHARINGS[name](["a", "b"], DIM, 0.1), (USER,)) for name in SHARINGS],
])
def test_weights_learn_and_survive_a_rebuild(make, inputs):
    layer = make()
    layer(*inputs)
    _randomized(layer)
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_sum(v**2) for v in keras.tree.flatten(layer(*inputs))])
    gradients = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    assert all(gradient is not None for gradient in gradients)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    again(*inputs)
    again.set_weights(layer.get_weights())
    keras.tree.map_structure(
        lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-6),
        again(*inputs), layer(*inputs),
    )


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_ends_in_float32(precision, policy):
    policy(precision)
    assert PairHead(DIM, offset=3.3)(USER, ITEM).numpy().tolist() == [np.float32(3.3)] * BATCH
