"""Fusion: weights that add up, and absent modalities that weigh nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.fusion import FUSIONS

MODALITIES, WIDTH, DIM = 3, 5, 4
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(4, MODALITIES, WIDTH)).astype("float32")
PRESENT = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 0]], "float32")


@pytest.fixture(params=FUSIONS)
def fusion(request):
    """A fusion with a gate that prefers."""
    layer = FUSIONS[request.param](DIM)
    layer(VECTORS, PRESENT)
    layer.gate.kernel.assign(RNG.normal(size=layer.gate.kernel.shape))
    return layer


def test_weights_sum_to_one_and_absent_modalities_have_none(fusion):
    fused, weights = map(np.asarray, fusion(VECTORS, PRESENT))
    assert fused.shape == (4, DIM)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    assert (weights[:3][PRESENT[:3] == 0] == 0).all()
    assert (weights[:3][PRESENT[:3] == 1] > 0).all()
    assert weights[2].tolist() == [0, 1, 0]


def test_where_all_are_absent_their_tokens_share_the_weight(fusion):
    fused, weights = map(np.asarray, fusion(VECTORS, np.zeros_like(PRESENT)))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    assert np.isfinite(fused).all()
    assert (weights > 0).all()


@pytest.mark.parametrize("name", FUSIONS)
def test_a_new_fusion_weighs_what_is_there_equally(name):
    _, weights = FUSIONS[name](DIM)(VECTORS, PRESENT)
    expected = [[1 / 3] * 3, [0.5, 0, 0.5], [0, 1, 0], [1 / 3] * 3]
    np.testing.assert_allclose(weights, expected, atol=1e-6)


def test_the_scale_does_not_depend_on_how_many_modalities_are_there(fusion):
    vectors = RNG.normal(size=(2000, MODALITIES, WIDTH)).astype("float32")
    fusion.gate.kernel.assign(np.zeros(fusion.gate.kernel.shape))
    all_there, _ = fusion(vectors, np.ones((2000, MODALITIES)))
    one_there, _ = fusion(vectors, np.tile([0.0, 1.0, 0.0], (2000, 1)))
    ratio = np.var(all_there) / np.var(one_there)
    assert MODALITIES * 0.6 < ratio < MODALITIES * 1.6  # sums of that many independent vectors


def test_every_weight_learns(fusion):
    with tf.GradientTape() as tape:
        fused, _ = fusion(VECTORS, PRESENT)
        loss = tf.reduce_sum(fused * tf.constant([[1.0, -2.0, 3.0, 0.5]]))
    gradients = tape.gradient(loss, [w.value for w in fusion.trainable_weights])
    for weight, gradient in zip(fusion.trainable_weights, gradients, strict=True):
        assert gradient is not None and tf.reduce_any(gradient != 0), weight.path
        assert np.isfinite(gradient).all(), weight.path


def test_a_rebuilt_fusion_is_the_same(fusion):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(fusion))
    again(VECTORS, PRESENT)
    again.set_weights(fusion.get_weights())
    for one, other in zip(again(VECTORS, PRESENT), fusion(VECTORS, PRESENT), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", FUSIONS)
def test_half_precision_keeps_the_weights_exact(name, precision, policy):
    policy(precision)
    fused, weights = FUSIONS[name](DIM)(VECTORS, PRESENT)
    assert weights.dtype == tf.float32
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), 1, rtol=1e-6)
    assert np.isfinite(tf.cast(fused, tf.float32)).all()
