import math

import numpy as np
import pytest
import tensorflow as tf

from trainer.behaviour.moment import moment_columns
from trainer.behaviour.past import NOTHING, Past
from trainer.behaviour.rhythm import counts, daily_series, gaps, hours
from trainer.preprocessing import columns

DAY = 86_400
NOW = 1000 * DAY


def _times(*rows):
    return tf.constant(rows, tf.int64)


def _now(*moments):
    return tf.constant(moments, tf.int64)


def test_a_gap_reaches_to_the_next_newer_event_and_the_first_to_now():
    result = gaps(_times([NOW - DAY, NOW - 4 * DAY, -1], [-1, -1, -1]), _now(NOW, NOW))
    np.testing.assert_allclose(result, [[math.log(2), math.log(4), 0], [0, 0, 0]], rtol=1e-6)


def test_events_of_one_second_and_of_the_future_have_no_gap():
    result = gaps(_times([NOW + 9, NOW + 9]), _now(NOW))
    assert result.numpy().tolist() == [[0, 0]]


def test_hours_are_on_a_circle_and_midnight_is_not_absent():
    result = hours(_times([NOW + DAY // 4, NOW, -1])).numpy()[0]
    np.testing.assert_allclose(result, [[1, 0], [0, 1], [0, 0]], atol=1e-6)


def test_counts_of_windows_recency_and_mean_gap():
    ago = [0.5 / 24, 0.5, 3, 20, 200, 380.5]
    times = _times([NOW - int(days * DAY) for days in ago])
    result = np.expm1(counts(times, _now(NOW)).numpy()[0])
    assert result.shape == (columns.COUNTS_WIDTH,)
    np.testing.assert_allclose(
        result, [1, 2, 3, 4, 5, 0.5 / 24, (380.5 - 0.5 / 24) / 5], rtol=1e-4)


def test_counts_of_nothing_are_zero_and_of_one_event_have_no_gap():
    result = counts(_times([-1, -1], [NOW - DAY, -1]), _now(NOW, NOW)).numpy()
    assert not result[0].any()
    np.testing.assert_allclose(np.expm1(result[1]), [0, 1, 1, 1, 1, 1, 0], atol=1e-6)


def test_a_series_counts_each_day_back_from_the_moment():
    times = _times([NOW, NOW - DAY + 1, NOW - DAY, NOW - 9 * DAY, -1])
    result = daily_series(times, _now(NOW), 10).numpy()[0]
    assert result.shape == (10, columns.SERIES_WIDTH)
    np.testing.assert_allclose(np.expm1(result[:, 0]), [2, 1, 0, 0, 0, 0, 0, 0, 0, 1], atol=1e-6)
    # The mean over the day and the six before it; days before the first event had none.
    sums = [3, 1, 0, 1, 1, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(np.expm1(result[:, 1]), np.array(sums) / 7, rtol=1e-5)
    assert result[:, 2].all()


def test_days_before_the_oldest_event_of_a_full_history_are_unknown():
    times = _times([NOW, NOW - DAY, NOW - 2 * DAY])
    result = daily_series(times, _now(NOW), 7).numpy()[0]
    assert result[:, 2].tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert not result[3:].any()
    np.testing.assert_allclose(np.expm1(result[:3, 1]), [1, 1, 1], rtol=1e-5)


def test_old_events_alone_make_a_known_series_of_zeros():
    result = daily_series(_times([NOW - 90 * DAY, -1]), _now(NOW), 7).numpy()[0]
    assert result[:, 2].all() and not result[:, :2].any()


def test_nothing_more_is_derived_than_a_recipe_wants():
    times, now = _times([NOW, -1]), _now(-1)
    plain = moment_columns(times, now, NOTHING)
    assert not [name for name in plain if name.startswith("past__")]
    more = moment_columns(times, now, Past(sequence=True, counts=True, days=7))
    assert set(more) - set(plain) == {
        columns.PAST_GAP, columns.PAST_HOUR, columns.PAST_COUNTS, columns.PAST_SERIES}
    # The newest event's time stands in for an unknown moment, here as everywhere.
    assert more[columns.PAST_COUNTS].numpy()[0, 0] == pytest.approx(math.log(2))
