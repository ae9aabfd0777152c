import math

import numpy as np
import pytest
import tensorflow as tf

from trainer.behaviour.moment import (
    context,
    history_ages,
    history_ranks,
    resolve_now,
)
from trainer.preprocessing.raw import dense

DAY = 86_400


def _times(*rows):
    return tf.constant(rows, tf.int64)


@pytest.mark.parametrize(("width", "expected"), [
    (4, [[1, 2, 3, -1], [-1, -1, -1, -1], [4, -1, -1, -1]]),
    (2, [[1, 2], [-1, -1], [4, -1]]),
])
def test_dense_pads_and_cuts(width, expected):
    column = tf.RaggedTensor.from_row_lengths(tf.constant([1, 2, 3, 4], tf.int64), [3, 0, 1])
    for given in (column.to_sparse(), column.to_tensor(-1)):
        result = dense(given, width, -1)
        assert result.dtype == tf.int64
        assert result.numpy().tolist() == expected


def test_dense_takes_strings_and_a_batch_without_any_value():
    empty = tf.SparseTensor(tf.zeros((0, 2), tf.int64), tf.constant([], tf.string), (2, 0))
    assert dense(empty, 2, "").numpy().tolist() == [[b"", b""], [b"", b""]]
    assert dense(tf.constant([["x"]]), 2, b"").numpy().tolist() == [[b"x", b""]]


def test_dense_knows_its_width_in_a_graph():
    @tf.function(input_signature=[tf.SparseTensorSpec([None, None], tf.float32)])
    def fixed(column):
        return dense(column, 3, 0.0)

    assert fixed.get_concrete_function().output_shapes.as_list() == [None, 3]


def test_ages_are_logarithms_of_days_and_never_negative():
    ages = history_ages(_times([10 * DAY, 9 * DAY, -1], [11 * DAY, 0, -1]),
                        tf.constant([10 * DAY, 10 * DAY], tf.int64))
    np.testing.assert_allclose(
        ages, [[0, math.log(2), 0], [0, math.log(11), 0]], rtol=1e-6)


def test_events_of_one_second_share_a_rank():
    ranks = history_ranks(_times([9, 9, 7, 7, 5], [3, 2, 1, -1, -1], [-1, -1, -1, -1, -1]))
    assert ranks.numpy().tolist() == [[0, 0, 1, 1, 2], [0, 1, 2, 3, 3], [0, 0, 0, 0, 0]]


def test_context_describes_hour_week_gap_and_activity():
    now = 7 * DAY + DAY // 4  # six in the morning of the week's first day
    result = context(_times([now - 3 * DAY, 5, -1]), tf.constant([now], tf.int64)).numpy()[0]
    week = 2 * math.pi * 0.25 / 7
    expected = [1, 0, math.sin(week), math.cos(week), math.log(4), math.log(3)]
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_context_of_an_unknown_moment_is_no_midnight():
    result = context(_times([-1, -1]), tf.constant([-1], tf.int64)).numpy()
    assert result.tolist() == [[0.0] * 6]


def test_context_keeps_the_second_of_far_dates():
    late = 4_102_444_800  # the year 2100, midnight
    one = context(_times([-1]), tf.constant([late + 1], tf.int64)).numpy()[0, 0]
    assert one == pytest.approx(math.sin(2 * math.pi / DAY), rel=1e-5)


def test_an_unknown_moment_is_that_of_the_newest_event():
    now = resolve_now(_times([8, 3], [8, 3], [-1, -1]), tf.constant([9, -1, -1], tf.int64))
    assert now.numpy().tolist() == [9, 8, -1]
