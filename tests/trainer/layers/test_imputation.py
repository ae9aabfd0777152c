import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from layer_contract import assert_rebuilt

from trainer.layers.dropout import ModalityDropout
from trainer.layers.fusion import FUSIONS
from trainer.layers.imputation import (
    IMPUTATIONS,
    MeanImputation,
    OthersToOne,
    RegressionImputation,
    guessable,
    observed,
    reverse_gradient,
)

MODALITIES, DIM = 4, 3
RNG = np.random.default_rng(0)
# Every subset of what may be present, twice.
SUBSETS = np.array(list(itertools.product((0, 1), repeat=MODALITIES)) * 2, "float32")
ROWS = len(SUBSETS)
TOKENS = np.arange(MODALITIES * DIM, dtype="float32").reshape(MODALITIES, DIM) + 50
VECTORS = np.where(SUBSETS[:, :, None] > 0,
                   RNG.normal(size=(ROWS, MODALITIES, DIM)), TOKENS).astype("float32")
SOME = SUBSETS.max(axis=1) > 0


def _called(layer, training=False, vectors=VECTORS, present=SUBSETS):
    return [np.asarray(one) for one in layer(vectors, present, vectors, present,
                                             training=training)]


@pytest.fixture(params=IMPUTATIONS, scope="module")
def layer(request):
    """Each imputation, its weights at random."""
    built = IMPUTATIONS[request.param]()
    built(VECTORS, SUBSETS, VECTORS, SUBSETS)
    for weight in built.weights:
        weight.assign(np.random.default_rng(1).uniform(0.1, 1, weight.shape))
    return built


def test_what_is_there_stays_and_a_row_without_anything_keeps_its_tokens(layer):
    filled, usable, loss = _called(layer)
    assert (filled.shape, usable.shape, loss.shape) == (VECTORS.shape, SUBSETS.shape, (ROWS,))
    there = SUBSETS > 0
    np.testing.assert_array_equal(filled[there], VECTORS[there])
    np.testing.assert_array_equal(filled[~SOME], VECTORS[~SOME])
    np.testing.assert_array_equal(usable, np.repeat(SOME[:, None], MODALITIES, axis=1))
    guessed = SOME[:, None] & ~there
    assert np.abs(filled[guessed]).max() < 30  # no token is left
    assert np.isfinite(filled).all() and np.isfinite(loss).all()


def test_what_is_absent_reaches_nothing(layer):
    garbage = np.where(SUBSETS[:, :, None] > 0, VECTORS, 99).astype("float32")
    one, other = (_called(layer, vectors=v) for v in (VECTORS, garbage))
    np.testing.assert_array_equal(one[0][SOME], other[0][SOME])
    np.testing.assert_allclose(one[2], other[2], rtol=1e-5)


def test_it_can_be_rebuilt_and_computes_in_half_precision(layer, policy):
    assert_rebuilt(layer, VECTORS, SUBSETS, VECTORS, SUBSETS)
    policy("mixed_float16")
    half = type(layer)()
    filled, _, loss = half(VECTORS, SUBSETS, VECTORS, SUBSETS)
    assert keras.backend.standardize_dtype(filled.dtype) == "float16"
    assert np.isfinite(tf.cast(filled, tf.float32)).all() and np.isfinite(loss).all()
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"


@pytest.mark.parametrize(("fusion", "missing"), [
    *((name, "regression") for name in FUSIONS), *(("gated", name) for name in (
        "token", *IMPUTATIONS))])
def test_every_subset_fuses_to_numbers_with_honest_weights_and_gradients(fusion, missing):
    """In training too, with modality dropout before it."""
    hide, fuse = ModalityDropout(0.5, seed=1), FUSIONS[fusion](DIM)
    impute = None if missing == "token" else IMPUTATIONS[missing]()
    for training in (False, True):
        with tf.GradientTape() as tape:
            vectors, present = hide(VECTORS, SUBSETS, training=training)
            loss, usable, filled = 0.0, present, vectors
            if impute is not None:
                filled, usable, loss = impute(
                    vectors, present, VECTORS, SUBSETS, training=training)
            fused, weights = fuse(filled, usable)
            total = tf.reduce_sum(fused) + tf.reduce_sum(loss)
        weights = observed(weights, present).numpy()
        assert np.isfinite(fused).all() and np.isfinite(loss).all()
        np.testing.assert_allclose(
            weights.sum(axis=1), np.asarray(present).max(axis=1), rtol=1e-4)
        assert not weights[np.asarray(present) == 0].any()
        layers = [hide, fuse, *([impute] if impute else [])]
        variables = [w.value for one in layers for w in one.trainable_weights]
        for gradient in tape.gradient(total, variables, unconnected_gradients="zero"):
            assert np.isfinite(gradient).all()


def test_mean_is_that_of_all_present_rows():
    layer = MeanImputation(momentum=1.0)
    random = np.random.default_rng(3)
    batches = [random.normal(size=(6, 2, DIM)).astype("float32") for _ in range(4)]
    flags = [random.integers(0, 2, (6, 2)).astype("float32") for _ in range(4)]
    for vectors, present in zip(batches, flags, strict=True):
        _called(layer, True, vectors, present)
    one_there = np.array([[1, 0], [0, 1]], "float32")
    filled, _, loss = _called(layer, False, batches[0][:2], one_there)
    rows, there = np.concatenate(batches), np.concatenate(flags) > 0
    np.testing.assert_allclose(filled[0, 1], rows[:, 1][there[:, 1]].mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(filled[1, 0], rows[:, 0][there[:, 0]].mean(axis=0), rtol=1e-4)
    assert not loss.any() and not layer.trainable_weights


def test_mean_learns_in_training_alone_and_forgets():
    layer = MeanImputation(momentum=0.5)
    one = np.ones((4, 2, DIM), "float32")
    for value in (8.0, 2.0):
        _called(layer, True, one * value, one[:, :, 0])
    _called(layer, False, one * 1000, one[:, :, 0])
    present = np.array([[1, 0]], "float32")
    filled = _called(layer, False, one[:1], present)[0]
    np.testing.assert_allclose(filled[0, 1], (8 * 0.5 + 2) / 1.5, rtol=1e-5)


def test_hidden_modalities_count_for_the_mean_and_are_reconstructed():
    """What modality dropout hid is known, and is what the guesses are to learn from."""
    truth = np.full((2, 2, DIM), 3.0, "float32")
    there, left = np.ones((2, 2), "float32"), np.array([[1, 0], [1, 0]], "float32")
    layer = MeanImputation()
    filled, _, _ = layer(truth * left[:, :, None], left, truth, there, training=True)
    np.testing.assert_allclose(np.asarray(filled)[:, 1], 3.0, rtol=1e-4)
    np.testing.assert_array_equal(guessable(left, there), [[0, 1], [0, 1]])
    np.testing.assert_array_equal(guessable(left, left), np.zeros((2, 2)))
    np.testing.assert_array_equal(guessable(there, there), np.ones((2, 2)))


def test_a_guess_never_sees_what_it_guesses_and_no_gradient_leaves():
    layer = OthersToOne()
    vectors = tf.Variable(RNG.normal(size=(5, MODALITIES, DIM)).astype("float32"))
    present = np.ones((5, MODALITIES), "float32")
    layer.build(vectors.shape)
    layer.flags.assign(RNG.normal(size=layer.flags.shape))
    with tf.GradientTape() as tape:
        before = layer(vectors, present).numpy()
        assert tape.gradient(layer(vectors, present), vectors) is None
    for one in range(MODALITIES):
        moved, without = vectors.numpy(), present.copy()
        moved[:, one] += 1
        without[:, one] = 0
        for after in (layer(moved, present), layer(vectors, without)):
            changed = np.abs(np.asarray(after) - before).max(axis=(0, 2)) > 1e-6
            assert changed.tolist() == [place != one for place in range(MODALITIES)]


def test_the_regression_s_loss_by_hand():
    layer = RegressionImputation()
    layer(VECTORS, SUBSETS, VECTORS, SUBSETS)
    loss = _called(layer)[2]
    guesses = np.asarray(layer._guess(VECTORS, SUBSETS))
    for row in range(ROWS):
        there = [m for m in range(MODALITIES) if SUBSETS[row, m]]
        errors = [np.mean((guesses[row, m] - VECTORS[row, m]) ** 2) for m in there]
        expected = np.mean(errors) if len(there) > 1 else 0.0
        assert loss[row] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def _related(rows=256, seed=2, dim=8):
    """Two modalities of which the second is a turn of the first."""
    random = np.random.default_rng(seed)
    one = random.normal(size=(rows, dim)).astype("float32")
    turn = np.linalg.qr(np.random.default_rng(9).normal(size=(dim, dim)))[0].astype("float32")
    return np.stack([one, one @ turn], axis=1)


@pytest.mark.parametrize("kind", ["regression", "adversarial"])
def test_guesses_come_near_the_truth(kind):
    keras.utils.set_random_seed(0)
    layer, truth = IMPUTATIONS[kind](), _related(1024)
    there = np.ones((len(truth), 2), "float32")
    layer(truth, there, truth, there)
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(layer.trainable_weights)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(layer(truth, there, truth, there, training=True)[2])
        weights = layer.trainable_weights
        gradients = tape.gradient(loss, [w.value for w in weights])
        assert all(gradient is not None for gradient in gradients)
        optimizer.apply(gradients, weights)

    for _ in range(300):
        step()
    fresh = _related(seed=5)
    left = np.tile(np.array([[1, 0]], "float32"), (len(fresh), 1))
    filled = np.asarray(layer(fresh, left, fresh, left)[0])
    error = np.mean((filled[:, 1] - fresh[:, 1]) ** 2) / np.var(fresh[:, 1])
    assert error < 0.2


def test_the_generator_unlearns_what_the_discriminator_learns():
    values = tf.Variable([1.0, -2.0])
    with tf.GradientTape() as tape:
        turned = reverse_gradient(values)
        loss = tf.reduce_sum(turned * [3.0, 5.0])
    np.testing.assert_array_equal(turned, values)
    np.testing.assert_array_equal(tape.gradient(loss, values), [-3, -5])
