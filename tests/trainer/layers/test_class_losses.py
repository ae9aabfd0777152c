"""Losses over classes, several labels and the catalogue, against arithmetic; absent labels."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.losses import (
    binary_crossentropy,
    catalogue_softmax,
    class_crossentropy,
    labelled_mean,
)

RANDOM = np.random.default_rng(2)
LOGITS = RANDOM.normal(size=(4, 3)).astype("float32")


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_rows_without_a_class_do_not_count():
    label = np.array([2, np.nan, 0, np.nan], "float32")
    expected = -(log_softmax(LOGITS)[0, 2] + log_softmax(LOGITS)[2, 0]) / 2
    result = labelled_mean(class_crossentropy, LOGITS, label)
    assert float(result) == pytest.approx(expected, rel=1e-5)
    assert float(labelled_mean(class_crossentropy, LOGITS, np.full(4, np.nan, "float32"))) == 0.0


def test_each_label_counts_where_a_row_has_it():
    labels = np.array([[1, 0, np.nan], [np.nan] * 3, [0, 1, 1], [1, np.nan, 0]], "float32")
    chance = 1 / (1 + np.exp(-LOGITS))
    each = -np.where(labels > 0, np.log(chance), np.log(1 - chance))
    expected = each[~np.isnan(labels)].mean()
    result = labelled_mean(binary_crossentropy, LOGITS, labels)
    assert float(result) == pytest.approx(expected, rel=1e-5)


def test_no_gradient_is_nan_where_labels_are():
    logits = tf.constant(LOGITS)
    for loss, labels in ((class_crossentropy, np.array([2, np.nan, 0, 1], "float32")),
                         (binary_crossentropy, np.where(LOGITS > 0, np.nan, 1).astype("float32"))):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = labelled_mean(loss, logits, tf.constant(labels))
        assert np.isfinite(tape.gradient(value, logits)).all()


def test_the_softmax_runs_over_all_items_but_the_unknown_one():
    query = RANDOM.normal(size=(3, 2)).astype("float32")
    items = RANDOM.normal(size=(5, 2)).astype("float32")
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
