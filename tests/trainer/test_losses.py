"""Losses by hand, and the retrieval loss against TensorFlow Recommenders."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.losses import (
    FixedBalance,
    UncertaintyBalance,
    binary_crossentropy,
    in_batch_softmax,
    masked_mean,
    squared_error,
)
from trainer.tfrs_retrieval import tfrs_in_batch_softmax

BATCH, DIM = 9, 4


def _batch(case: str):
    rng = np.random.default_rng(11)
    batch = {
        "query": rng.normal(size=(BATCH, DIM)), "candidate": rng.normal(size=(BATCH, DIM)),
        "weight": np.ones(BATCH), "probability": rng.uniform(0.01, 0.3, BATCH),
        "candidate_index": np.arange(BATCH),
    }
    if case in ("duplicates", "everything"):
        batch["candidate_index"] = np.array([0, 1, 2, 0, 0, 1, 5, 6, 7])
    if case in ("weights", "everything"):
        batch["weight"] = np.array([1, 0, 0.5, 2, 1, 0, 0, 1, 1])
    if case in ("rare", "everything"):
        batch["probability"][[0, 3, 8]] = [0, 1e-12, 1e-6]
    if case == "one item":
        batch["candidate_index"] = np.zeros(BATCH)
    if case == "nothing counts":
        batch["weight"] = np.zeros(BATCH)
    if case == "far apart":
        batch["query"] = batch["query"] * 30
    types = {"candidate_index": tf.int32}
    return {n: tf.constant(v, types.get(n, tf.float32)) for n, v in batch.items()}


def _value_and_gradients(loss, batch, temperature):
    with tf.GradientTape() as tape:
        tape.watch((batch["query"], batch["candidate"]))
        value = loss(**batch, temperature=temperature)
    return value.numpy(), tape.gradient(value, (batch["query"], batch["candidate"]))


@pytest.mark.parametrize("temperature", [1.0, 0.2])
@pytest.mark.parametrize("case", [
    "plain", "duplicates", "weights", "rare", "everything", "one item", "nothing counts",
    "far apart",
])
def test_retrieval_loss_equals_that_of_tfrs(case, temperature):
    batch = _batch(case)
    ours, our_gradients = _value_and_gradients(in_batch_softmax, batch, temperature)
    theirs, their_gradients = _value_and_gradients(tfrs_in_batch_softmax, batch, temperature)
    assert ours.shape == theirs.shape == ()
    assert abs(ours - theirs) <= 1e-5 * max(1.0, abs(theirs))
    for one, other in zip(our_gradients, their_gradients, strict=True):
        assert np.isfinite(one).all()
        assert (np.abs(one - other) <= 1e-5 * np.maximum(1.0, np.abs(other))).all()


def test_retrieval_loss_by_hand():
    query = candidate = tf.eye(2)
    loss = in_batch_softmax(query, candidate, tf.constant([1.0, 2.0]), tf.constant([0.5, 0.5]),
                            tf.constant([1, 2]), temperature=0.5)
    assert loss.numpy() == pytest.approx(3 * np.log1p(np.exp(-2)), rel=1e-5)


def test_an_accidental_hit_is_no_negative():
    batch = _batch("plain")
    alone = in_batch_softmax(**{n: value[:1] for n, value in batch.items()})
    same = {**batch, "candidate_index": tf.zeros(BATCH, tf.int32)}
    assert alone.numpy() == pytest.approx(0, abs=1e-6)
    assert in_batch_softmax(**same).numpy() == pytest.approx(0, abs=1e-5)


def test_masked_mean_forgets_unknown_rows_even_if_they_are_not_numbers():
    loss, known = tf.constant([1.0, np.nan, 3.0]), tf.constant([1.0, 0.0, 1.0])
    assert masked_mean(loss, known).numpy() == 2
    assert masked_mean(loss, tf.zeros(3)).numpy() == 0


def test_row_losses():
    found = squared_error(tf.constant([1.0, 4.0]), tf.constant([3.0, 4.0]))
    assert found.numpy().tolist() == [4, 0]
    logits, labels = tf.constant([0.0, 3.0, -3.0, 200.0, -200.0]), tf.constant([1.0, 1, 1, 0, 1])
    found = binary_crossentropy(logits, labels)
    expected = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_fixed_balance():
    losses = {"a": tf.constant(3.0), "b": tf.constant(5.0)}
    assert FixedBalance({"a": 2.0, "b": 0.1})(losses).numpy() == pytest.approx(6.5)


def test_uncertainty_balance_starts_as_the_sum_and_follows_its_formula():
    balance = UncertaintyBalance(["a", "b"])
    losses = {"a": tf.constant(3.0), "b": tf.constant(5.0)}
    assert balance(losses).numpy() == pytest.approx(8)
    balance.log_variance.assign([np.log(2), np.log(0.5)])
    assert balance(losses).numpy() == pytest.approx(3 / 2 + 5 * 2, rel=1e-6)


def test_uncertainty_balance_learns_the_size_of_each_loss():
    balance = UncertaintyBalance(["a", "b"])
    balance.build()
    optimizer = keras.optimizers.Adam(0.1)
    for _ in range(200):
        with tf.GradientTape() as tape:
            total = balance({"a": tf.constant(0.5), "b": tf.constant(8.0)})
        gradients = tape.gradient(total, [w.value for w in balance.trainable_weights])
        optimizer.apply(gradients, balance.trainable_weights)
    # The best log-variance of a constant loss L is log(2 L).
    np.testing.assert_allclose(balance.log_variance, np.log([1, 16]), atol=0.05)


@pytest.mark.parametrize("balance", [
    FixedBalance({"a": 2.0, "b": 1.0}), UncertaintyBalance(["a", "b"]),
], ids=["fixed", "uncertainty"])
def test_a_balance_survives_a_rebuild(balance):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(balance))
    losses = {"a": tf.constant(1.0), "b": tf.constant(2.0)}
    assert again(losses).numpy() == balance(losses).numpy()


@pytest.mark.parametrize("make", [
    lambda: FixedBalance({"a": 1.0}), lambda: UncertaintyBalance(["a"]),
], ids=["fixed", "uncertainty"])
def test_losses_stay_in_float32(make, policy):
    policy("mixed_float16")
    total = make()({"a": tf.constant(100_000.3)})  # beyond the largest float16
    assert total.dtype == tf.float32
    assert total.numpy() == np.float32(100_000.3)
