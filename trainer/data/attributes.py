"""Attributes of users as labels of their events, apart for training and for judging.

The same user has events in every split, and the model knows users by their ids: an attribute that
was learned from one of the user's rows would be remembered on the others. So a tenth of the users,
chosen by a hash of the id, never show theirs in training, and they alone are judged.
"""

import numpy as np
import tensorflow as tf

_PARTS = 10


def judged(user_ids: tf.Tensor) -> tf.Tensor:
    """Tells whose attributes are kept back from training, bool in the shape of the ids."""
    return tf.equal(tf.strings.to_hash_bucket_fast(user_ids, _PARTS), 0)


def learned_attribute(values: np.ndarray, index: tf.Tensor, user_ids: tf.Tensor) -> tf.Tensor:
    """Returns an attribute for training rows.

    Args:
      values: The attribute by table index, `(users,)`, NaN where a user lacks it.
      index: The rows' users, `(batch,)`, 0 for an unknown one.
      user_ids: Their ids, `(batch,)`.

    Returns:
      float32 `(batch,)`, NaN for an unknown user, a user without it, and one who is judged by it.
    """
    hidden = tf.logical_or(tf.equal(index, 0), judged(user_ids))
    return tf.where(hidden, float("nan"), tf.gather(tf.constant(values, tf.float32), index))


def judged_attribute(values: tf.Tensor, index: tf.Tensor, user_ids: tf.Tensor) -> tf.Tensor:
    """Returns an attribute for judging: of those alone whom training knows without it."""
    shown = tf.logical_and(index > 0, judged(user_ids))
    return tf.where(shown, tf.gather(values, index), float("nan"))
