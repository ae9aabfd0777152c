import itertools

import numpy as np
import pytest
import tensorflow as tf
from layer_contract import shaken

from trainer.layers.fusion import FUSIONS
from trainer.layers.fusion.attention import CoAttentionFusion
from trainer.layers.fusion.late import DECISIONS, HybridFusion, LateFusion

MODALITIES, WIDTH, DIM = 3, 5, 4
RNG = np.random.default_rng(0)
# Every subset of three modalities, the empty one last.
PRESENT = np.array(list(itertools.product([1, 0], repeat=MODALITIES)), "float32")
VECTORS = RNG.normal(size=(len(PRESENT), MODALITIES, WIDTH)).astype("float32")
MAKE = {
    **FUSIONS,
    "late vote": lambda dim: LateFusion(dim, "vote"),
    "late stack": lambda dim: LateFusion(dim, "stack"),
    "hybrid stack": lambda dim: HybridFusion(dim, "stack"),
    "two blocks": lambda dim: CoAttentionFusion(dim, heads=3, blocks=2),
}


@pytest.fixture(params=MAKE, scope="module")
def fusion(request):
    """A fusion that prefers some modalities to others."""
    return shaken(MAKE[request.param](DIM), VECTORS, PRESENT)


def test_weights_sum_to_one_and_absent_modalities_have_none(fusion):
    fused, weights = map(np.asarray, fusion(VECTORS, PRESENT))
    assert fused.shape == (len(PRESENT), DIM) and weights.shape == PRESENT.shape
    assert np.isfinite(fused).all()
    np.testing.assert_allclose(weights[:-1].sum(axis=1), 1, rtol=1e-6)
    assert ((weights > 0) == (PRESENT > 0)).all()


def test_where_all_are_absent_nothing_has_a_weight_and_the_tokens_make_the_vector(fusion):
    fused, weights = map(np.asarray, fusion(VECTORS, np.zeros_like(PRESENT)))
    assert not weights.any()
    assert np.isfinite(fused).all() and fused.any()


@pytest.mark.parametrize("name", sorted(set(MAKE) - {"concat", "hybrid", "hybrid stack"}))
def test_a_new_fusion_weighs_what_is_there_equally(name):
    """All but those whose weights tell of a concatenation's kernel, which starts at random."""
    _, weights = MAKE[name](DIM)(VECTORS, PRESENT)
    expected = PRESENT / np.maximum(PRESENT.sum(axis=1, keepdims=True), 1)
    np.testing.assert_allclose(weights, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["gated", "weighted", "attention"])
def test_the_scale_of_a_sum_does_not_depend_on_how_many_modalities_are_there(name):
    vectors = RNG.normal(size=(2000, MODALITIES, WIDTH)).astype("float32")
    fusion = FUSIONS[name](DIM)
    all_there, _ = fusion(vectors, np.ones((2000, MODALITIES)))
    one_there, _ = fusion(vectors, np.tile([0.0, 1.0, 0.0], (2000, 1)))
    ratio = np.var(all_there) / np.var(one_there)
    assert MODALITIES * 0.4 < ratio < MODALITIES * 2  # sums of that many independent vectors


def _gradients(fusion, present):
    vectors = tf.constant(VECTORS)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        fused, _ = fusion(vectors, present)
        loss = tf.reduce_sum(fused * tf.constant([[1.0, -2.0, 3.0, 0.5]]))
    return tape.gradient(loss, [vectors, *(w.value for w in fusion.trainable_weights)])


@pytest.mark.parametrize("vectors", [VECTORS, np.zeros_like(VECTORS)], ids=["some", "zero"])
def test_gradients_are_finite_where_all_are_absent(fusion, vectors, monkeypatch):
    monkeypatch.setitem(globals(), "VECTORS", vectors)
    to_tokens, *gradients = _gradients(fusion, np.zeros_like(PRESENT))
    assert np.isfinite(to_tokens).all()
    assert np.any(to_tokens), "the tokens of a row without anything do not learn"
    for weight, gradient in zip(fusion.trainable_weights, gradients, strict=True):
        assert np.isfinite(gradient).all(), weight.path


@pytest.mark.parametrize("name", FUSIONS)
def test_half_precision_keeps_the_weights_exact(name, policy):
    policy("mixed_float16")
    fused, weights = FUSIONS[name](DIM)(VECTORS.astype("float16"), PRESENT)
    assert weights.dtype == tf.float32
    assert fused.dtype == "float16"
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), PRESENT.max(axis=1), rtol=1e-6)
    assert np.isfinite(tf.cast(fused, tf.float32)).all()


@pytest.mark.parametrize("name", ["weighted", "late", "late vote", "late stack"])
def test_what_is_absent_is_not_seen(name):
    """The fusions whose weights are the same for all rows: an absent vector changes nothing."""
    fusion = shaken(MAKE[name](DIM), VECTORS, PRESENT)
    other = np.where(PRESENT[:, :, None] > 0, VECTORS, 9).astype("float32")
    for one, two in zip(fusion(VECTORS[:-1], PRESENT[:-1]), fusion(other[:-1], PRESENT[:-1]),
                        strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6)


def test_modalities_attend_to_those_that_are_there():
    """In a transformer one modality's vector changes what becomes of another, if it is there."""
    fusion = shaken(CoAttentionFusion(DIM), VECTORS, PRESENT)
    block = fusion.transformer[0]
    tokens = RNG.normal(size=(2, MODALITIES, DIM)).astype("float32")
    changed = tokens.copy()
    changed[:, 2, 0] += 1
    mask = np.array([[1, 1, 1], [1, 1, 0]], "float32")
    difference = np.abs(np.asarray(block(changed, mask)) - np.asarray(block(tokens, mask)))
    assert difference[0, :2].max() > 1e-3
    assert difference[1, :2].max() < 1e-6


def _decisions(fusion, present):
    """What the modalities that are there decide, one by one."""
    return np.stack([np.asarray(fusion(VECTORS[:1], np.eye(MODALITIES)[[m]])[0][0])
                     for m in np.flatnonzero(present)])


@pytest.mark.parametrize("present", [[1, 1, 1], [1, 0, 1], [0, 1, 0]])
def test_late_fusion_joins_decisions_made_apart(present):
    layers = {name: shaken(LateFusion(DIM, name), VECTORS, PRESENT) for name in DECISIONS}
    for layer in layers.values():  # the same decisions for all
        layer.hidden.set_weights(layers["average"].hidden.get_weights())
        layer.decide.set_weights(layers["average"].decide.get_weights())
    present = np.array([present], "float32")
    mean = np.asarray(layers["average"](VECTORS[:1], present)[0][0])
    apart = _decisions(layers["average"], present[0])
    np.testing.assert_allclose(mean, apart.mean(axis=0), rtol=1e-5, atol=1e-6)
    voted = np.asarray(layers["vote"](VECTORS[:1], present)[0][0])
    np.testing.assert_allclose(voted, np.sign(apart).mean(axis=0), atol=1e-6)
    stack = layers["stack"]
    joined, weights = (np.asarray(result[0]) for result in stack(VECTORS[:1], present))
    logits = np.where(present[0] > 0, np.exp(np.asarray(stack.logits)), 0)
    np.testing.assert_allclose(weights, logits / logits.sum(), rtol=1e-5)
    log_odds = 2 * (np.asarray(stack.slope) * (weights[present[0] > 0] @ np.tanh(apart))
                    + np.asarray(stack.intercept))
    np.testing.assert_allclose(joined, 2 / (1 + np.exp(-log_odds)) - 1, rtol=1e-4, atol=1e-5)
