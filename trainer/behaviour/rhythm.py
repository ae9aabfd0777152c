"""The rhythm of a user's events: gaps, hours, counts and the events of each day."""

import math

import tensorflow as tf

from trainer.behaviour.past import Past
from trainer.preprocessing import columns

_DAY = 86_400
_WINDOWS = (_DAY // 24, _DAY, 7 * _DAY, 30 * _DAY, 365 * _DAY)
_ROLLING = 7  # days of the rolling mean


def rhythm_columns(times: tf.Tensor, now: tf.Tensor, past: Past) -> dict[str, tf.Tensor]:
    """Derives what a recipe wants of the times of a history.

    Args:
      times: Seconds, newest first, int64 `(batch, length)`, -1 where there is none.
      now: Seconds, int64 `(batch,)`, -1 where even the newest event's time is unknown.
      past: What is wanted.

    Returns:
      The columns by name, none where nothing is wanted.
    """
    tensors = {}
    if past.sequence:
        tensors[columns.PAST_GAP] = gaps(times, now)
        tensors[columns.PAST_HOUR] = hours(times)
    if past.counts:
        tensors[columns.PAST_COUNTS] = counts(times, now)
    if past.days:
        tensors[columns.PAST_SERIES] = daily_series(times, now, past.days)
    return tensors


def gaps(times: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
    """Returns the time from each event to the next newer one, as log(1 + days).

    Args:
      times: Seconds, newest first, int64 `(batch, length)`, -1 where there is none.
      now: Seconds, int64 `(batch,)`, to which the newest event's gap reaches.

    Returns:
      float32 `(batch, length)`, 0 where there is no event.
    """
    newer = tf.concat([now[:, None], times[:, :-1]], axis=1)
    return tf.math.log1p(_days(newer - times)) * _there(times)


def hours(times: tf.Tensor) -> tf.Tensor:
    """Returns the hour of each event on a circle, in UTC: sine and cosine.

    Args:
      times: Seconds, int64 `(batch, length)`, -1 where there is none.

    Returns:
      float32 `(batch, length, 2)`, 0 where there is no event.
    """
    second = tf.cast(tf.math.floormod(times, _DAY), tf.float32)
    angle = second * (2 * math.pi / _DAY)
    return tf.stack([tf.sin(angle), tf.cos(angle)], axis=2) * _there(times)[:, :, None]


def counts(times: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
    """Counts a user's events; all numbers are logarithms, log(1 + x).

    Args:
      times: Seconds, newest first, int64 `(batch, length)`, -1 where there is none.
      now: Seconds, int64 `(batch,)`.

    Returns:
      float32 `(batch, 7)`: events of the last hour, day, week, month and year, days since the
      newest event, and mean days between events; 0 where there is no event.
    """
    there = _there(times)
    age = tf.maximum(now[:, None] - times, 0)
    within = [tf.reduce_sum(there * tf.cast(age <= window, tf.float32), axis=1)
              for window in _WINDOWS]
    events = tf.reduce_sum(there, axis=1)
    oldest = tf.reduce_max(tf.where(times >= 0, age, tf.zeros_like(age)), axis=1)
    recency = _days(age[:, 0]) * there[:, 0]
    between = _days(oldest - age[:, 0]) * there[:, 0] / tf.maximum(events - 1, 1.0)
    return tf.math.log1p(tf.stack([*within, recency, between], axis=1))


def daily_series(times: tf.Tensor, now: tf.Tensor, days: int) -> tf.Tensor:
    """Counts the events of each of the last days, days being 24 hours back from the moment.

    A history holds no more events than the schema says: of a full one, the days before its oldest
    event are unknown.

    Args:
      times: Seconds, newest first, int64 `(batch, length)`, -1 where there is none.
      now: Seconds, int64 `(batch,)`.
      days: Days of the series.

    Returns:
      float32 `(batch, days, 3)`, newest day first: log(1 + events), log(1 + their mean over the
      seven known days up to it), and 1 where the day is known; all 0 where it is not, and where
      there is no event at all.
    """
    reach = days + _ROLLING - 1
    age = tf.maximum(now[:, None] - times, 0) // _DAY
    place = tf.where(times >= 0, age, tf.constant(-1, tf.int64))  # -1 is no day
    events = tf.reduce_sum(tf.one_hot(place, reach), axis=1)
    oldest = tf.where(times[:, -1] >= 0, age[:, -1], tf.constant(reach, tf.int64))
    known = tf.cast(tf.range(reach, dtype=tf.int64)[None, :] <= oldest[:, None], tf.float32)
    known *= _there(times)[:, :1]
    mean = tf.math.divide_no_nan(_rolling(events * known, days), _rolling(known, days))
    known = known[:, :days]
    return tf.stack([tf.math.log1p(events[:, :days]) * known, tf.math.log1p(mean) * known, known],
                    axis=2)


def _rolling(values: tf.Tensor, days: int) -> tf.Tensor:
    """Returns the sums of each day and the six before it, `(batch, days)`."""
    return tf.add_n([values[:, start : start + days] for start in range(_ROLLING)])


def _there(times: tf.Tensor) -> tf.Tensor:
    return tf.cast(times >= 0, tf.float32)


def _days(seconds: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.maximum(seconds, 0), tf.float32) / _DAY
