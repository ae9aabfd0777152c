"""Losses by hand and without labels, the retrieval loss against TensorFlow Recommenders."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.losses import (
    binary_crossentropy,
    catalogue_softmax,
    class_crossentropy,
    click_loss,
    in_batch_softmax,
    labelled_mean,
    masked_mean,
    squared_error,
)
from trainer.training.tfrs_retrieval import tfrs_in_batch_softmax

BATCH, DIM = 9, 4


def _batch(case: str):
    rng = np.random.default_rng(11)
    batch = {
        "query": rng.normal(size=(BATCH, DIM)), "candidate": rng.normal(size=(BATCH, DIM)),
        "weight": np.ones(BATCH), "probability": rng.uniform(0.01, 0.3, BATCH),
        "candidate_index": np.arange(BATCH)}
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


def _value_and_gradients(loss, batch, *options):
    with tf.GradientTape() as tape:
        tape.watch((batch["query"], batch["candidate"]))
        value = loss(*batch.values(), *options)
    return value.numpy(), tape.gradient(value, (batch["query"], batch["candidate"]))


@pytest.mark.parametrize(("temperature", "hard_negatives"), [
    (1.0, None), (0.2, None), (1.0, 1), (0.2, 3), (1.0, BATCH - 1), (1.0, 100)])
@pytest.mark.parametrize("case", [
    "plain", "duplicates", "weights", "rare", "everything", "one item", "nothing counts",
    "far apart"])
def test_retrieval_loss_equals_that_of_tfrs(case, temperature, hard_negatives):
    batch, options = _batch(case), (temperature, hard_negatives)
    ours, our_gradients = _value_and_gradients(in_batch_softmax, batch, *options)
    theirs, their_gradients = _value_and_gradients(tfrs_in_batch_softmax, batch, *options)
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


def test_only_the_hardest_negatives_count():
    query = tf.constant([[1.0, 0.0]] * 3)
    candidate = tf.constant([[2.0, 0], [1.0, 0], [-5.0, 0]])
    weight, even = tf.constant([1.0, 0, 0]), tf.constant([1 / 3] * 3)
    loss = in_batch_softmax(query, candidate, weight, even, tf.range(3), hard_negatives=1)
    assert loss.numpy() == pytest.approx(np.log1p(np.exp(-1)), rel=1e-5)
    loss = in_batch_softmax(query, candidate, weight, even, tf.constant([0, 0, 1]),
                            hard_negatives=1)  # the hardest is the item itself
    assert loss.numpy() == pytest.approx(np.log1p(np.exp(-7)), rel=1e-3)


def test_hard_negatives_of_a_batch_of_unknown_size():
    batch = _batch("everything")
    kinds = [tf.TensorSpec([None, *v.shape[1:]], v.dtype) for v in batch.values()]
    for number in (2, 100):
        traced = tf.function(lambda *inputs, number=number: in_batch_softmax(
            *inputs, hard_negatives=number), input_signature=kinds)
        expected = in_batch_softmax(*batch.values(), hard_negatives=number)
        assert traced(*batch.values()).numpy() == pytest.approx(expected.numpy(), rel=1e-5)


def test_masked_mean_forgets_unknown_rows_even_if_they_are_not_numbers():
    loss, known = tf.constant([1.0, np.nan, 3.0]), tf.constant([1.0, 0.0, 1.0])
    assert masked_mean(loss, known).numpy() == 2
    assert masked_mean(loss, tf.zeros(3)).numpy() == 0


def test_row_losses():
    result = squared_error(tf.constant([1.0, 4.0]), tf.constant([3.0, 4.0]))
    assert result.numpy().tolist() == [4, 0]
    logits, labels = tf.constant([0.0, 3.0, -3.0, 200.0, -200.0]), tf.constant([1.0, 1, 1, 0, 1])
    result = binary_crossentropy(logits, labels)
    expected = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def _slope(loss, logits):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(logits)
    return tape.gradient(value, logits).numpy()


def test_slopes_are_those_of_tensorflow_on_both_sides_of_zero():
    logits = [-200.0, -3.0, -1e-6, 0.0, 1e-6, 3.0, 200.0] * 2
    labels = tf.constant([0.0] * 7 + [1.0] * 7)
    np.testing.assert_allclose(
        _slope(lambda z: binary_crossentropy(z, labels), logits),
        _slope(lambda z: tf.nn.sigmoid_cross_entropy_with_logits(labels, z), logits), atol=1e-7)


def test_losses_made_of_it_have_its_slope_at_zero():
    always = tf.constant([[1.0, 0.0], [1.0, np.nan]])
    slope = _slope(lambda z: labelled_mean(binary_crossentropy, z, always),
                   [[0.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(slope, [[-1 / 6, 1 / 6], [-1 / 6, 0]], rtol=1e-6)
    slope = _slope(lambda z: click_loss(z, tf.constant([1.0]), tf.constant([[4, 0]])),
                   [[0.0, 0.0, 0.0]])
    np.testing.assert_allclose(slope, [[-0.25, 0.25, 0]], rtol=1e-6)


_RANDOM = np.random.default_rng(2)
_LOGITS = _RANDOM.normal(size=(4, 3)).astype("float32")


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_rows_without_a_class_do_not_count():
    label = np.array([2, np.nan, 0, np.nan], "float32")
    expected = -(log_softmax(_LOGITS)[0, 2] + log_softmax(_LOGITS)[2, 0]) / 2
    result = labelled_mean(class_crossentropy, _LOGITS, label)
    assert float(result) == pytest.approx(expected, rel=1e-5)
    assert float(labelled_mean(class_crossentropy, _LOGITS, np.full(4, np.nan, "float32"))) == 0.0


def test_each_label_counts_where_a_row_has_it():
    labels = np.array([[1, 0, np.nan], [np.nan] * 3, [0, 1, 1], [1, np.nan, 0]], "float32")
    chance = 1 / (1 + np.exp(-_LOGITS))
    each = -np.where(labels > 0, np.log(chance), np.log(1 - chance))
    expected = each[~np.isnan(labels)].mean()
    result = labelled_mean(binary_crossentropy, _LOGITS, labels)
    assert float(result) == pytest.approx(expected, rel=1e-5)


def test_no_gradient_is_nan_where_labels_are():
    logits = tf.constant(_LOGITS)
    for loss, labels in ((class_crossentropy, np.array([2, np.nan, 0, 1], "float32")),
                         (binary_crossentropy, np.where(_LOGITS > 0, np.nan, 1).astype("float32"))):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = labelled_mean(loss, logits, tf.constant(labels))
        assert np.isfinite(tape.gradient(value, logits)).all()


def test_the_softmax_runs_over_all_items_but_the_unknown_one():
    query = _RANDOM.normal(size=(3, 2)).astype("float32")
    items = _RANDOM.normal(size=(5, 2)).astype("float32")
    weight, index = np.array([1, 2, 0], "float32"), np.array([1, 4, 2], "int32")
    scores = log_softmax((query @ items.T)[:, 1:] / 0.5)
    expected = -(scores[0, 0] + 2 * scores[1, 3]) / 3
    result = catalogue_softmax(query, items, weight, index, temperature=0.5)
    assert float(result) == pytest.approx(expected, rel=1e-5)


def test_a_row_of_the_unknown_item_says_nothing():
    query, items = np.ones((2, 2), "float32"), np.ones((4, 2), "float32")
    one = np.ones(2, "float32")
    result = catalogue_softmax(query, items, one, np.array([0, 2], "int32"))
    assert float(result) == pytest.approx(np.log(3), rel=1e-5)
    assert float(catalogue_softmax(query, items, one, np.zeros(2, "int32"))) == 0.0
