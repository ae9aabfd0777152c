"""Times and histories to numbers, relative to the moment of a request."""

import math

import tensorflow as tf

from trainer.behaviour.past import NOTHING, Past
from trainer.behaviour.rhythm import rhythm_columns
from trainer.preprocessing import columns

_DAY = 86_400.0


def history_ages(times: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
    """Returns how long ago each event was, as log(1 + days).

    Args:
      times: Seconds, int64 `(batch, length)`, -1 where there is none.
      now: Seconds, int64 `(batch,)`.

    Returns:
      float32 `(batch, length)`, 0 where there is none.
    """
    age = tf.cast(tf.maximum(now[:, None] - times, 0), tf.float32) / _DAY
    return tf.where(times >= 0, tf.math.log1p(age), tf.zeros_like(age))


def history_ranks(times: tf.Tensor) -> tf.Tensor:
    """Ranks events by recency; events of one second share a rank.

    Args:
      times: Seconds, newest first, int64 `(batch, length)`, -1 where there is none.

    Returns:
      int64 `(batch, length)`: 0 for the newest second, 1 for the one before, and so on.
    """
    changed = tf.cast(times[:, 1:] != times[:, :-1], tf.int64)
    return tf.pad(tf.cumsum(changed, axis=1), [[0, 0], [1, 0]])


def context(times: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
    """Describes the moment of a request.

    Args:
      times: The history's seconds, newest first, int64 `(batch, length)`, -1 where there is none.
      now: Seconds, int64 `(batch,)`, -1 where unknown.

    Returns:
      float32 `(batch, 6)`: hour of day and day of week on a circle (0 where the time
      is unknown), log(1 + days) since the newest event, log(1 + number of events).
    """
    seconds = tf.cast(now, tf.float64)
    known = tf.cast(now >= 0, tf.float32)
    circles = []
    for period in (_DAY, 7 * _DAY):
        angle = tf.cast(tf.math.floormod(seconds, period) / period * 2 * math.pi, tf.float32)
        circles += [tf.sin(angle) * known, tf.cos(angle) * known]
    events = tf.reduce_sum(tf.cast(times >= 0, tf.float32), axis=1)
    gap = history_ages(times[:, :1], now)[:, 0]
    return tf.stack([*circles, gap, tf.math.log1p(events)], axis=1)


def resolve_now(times: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
    """Replaces an unknown time by that of the newest event.

    Args:
      times: The history's seconds, newest first, int64 `(batch, length)`.
      now: Seconds, int64 `(batch,)`, -1 where unknown.

    Returns:
      int64 `(batch,)`, still -1 where there is no event either.
    """
    return tf.where(now >= 0, now, times[:, 0])


def moment_columns(
    times: tf.Tensor, now: tf.Tensor, past: Past = NOTHING
) -> dict[str, tf.Tensor]:
    """Describes a history and a moment; training and serving share this function.

    Args:
      times: The history's seconds, newest first, int64 `(batch, length)`, -1 where there is none.
      now: Seconds, int64 `(batch,)`, -1 where unknown: then the newest event's time is taken.
      past: What else the recipe derives of the times.

    Returns:
      The columns of times, ages, ranks and context, and those of `past`.
    """
    moment = resolve_now(times, now)
    return {
        **rhythm_columns(times, moment, past),
        columns.HISTORY_TIME: times,
        columns.HISTORY_AGE: history_ages(times, moment),
        columns.HISTORY_RANK: history_ranks(times),
        columns.CONTEXT: context(times, moment),
    }
