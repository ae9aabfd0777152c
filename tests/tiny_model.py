"""A SavedModel with the contract's signatures and arithmetic that can be done in the head.

Item i (0 to 4) of user u scores `offset + len(u) + sum of history ratings given - i`; its rating
is half of that. A user has two parts, of which the first weighs a quarter; an item has one.
"""

from pathlib import Path

import tensorflow as tf

ITEMS = ["i0", "i1", "i2", "i3", "i4"]

_INPUTS = {
    "user_id": tf.TensorSpec([None], tf.string),
    "timestamp": tf.TensorSpec([None], tf.int64),
    "history_item_id": tf.TensorSpec([None, None], tf.string),
    "history_timestamp": tf.TensorSpec([None, None], tf.int64),
    "history_rating": tf.TensorSpec([None, None], tf.float32),
}


class TinyModel(tf.Module):
    """Scores by position, the length of the user's id and the ratings in the history."""

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = tf.Variable(offset)
        self.items = tf.constant(ITEMS)

    def _base(self, user_id: tf.Tensor, history_rating: tf.Tensor) -> tf.Tensor:
        length = tf.cast(tf.strings.length(user_id), tf.float32)
        return self.offset + length + tf.reduce_sum(tf.maximum(history_rating, 0.0), axis=1)

    @tf.function(autograph=False)
    def recommend(self, user_id, timestamp, history_item_id, history_timestamp, history_rating, k):
        # History columns belong together, place by place.
        with tf.control_dependencies([
            tf.debugging.assert_equal(tf.shape(history_item_id), tf.shape(history_rating)),
            tf.debugging.assert_positive(k, message="k must be positive")]):
            places = tf.range(tf.minimum(tf.reduce_max(k), len(ITEMS)))
        own = places[None, :] < k[:, None]
        base = self._base(user_id, history_rating)
        scores = base[:, None] - tf.cast(places, tf.float32)[None, :]
        ids = tf.broadcast_to(tf.gather(self.items, places)[None, :], tf.shape(own))
        scores = tf.where(own, scores, 0.0)
        return {
            "item_ids": tf.where(own, ids, ""), "scores": scores, "rating": scores / 2.0,
            "user_modality_weights": tf.tile([[0.25, 0.75]], [tf.size(base), 1]),
            "item_modality_weights": tf.cast(own, tf.float32)[:, :, None]}

    @tf.function(autograph=False)
    def score(
        self, user_id, timestamp, history_item_id, history_timestamp, history_rating, candidates):
        place = tf.strings.to_number(tf.strings.substr(candidates, 1, 9))
        scores = self._base(user_id, history_rating)[:, None] - place
        return {"retrieval": scores, "rating": scores / 2.0}


def save_tiny_model(path: Path, offset: float = 0.0) -> None:
    """Writes the model as a SavedModel into a folder."""
    model = TinyModel(offset)
    tf.saved_model.save(
        model,
        str(path),
        signatures={
            "recommend": model.recommend.get_concrete_function(
                **_INPUTS, k=tf.TensorSpec([None], tf.int32)
            ),
            "serving_default": model.score.get_concrete_function(
                **_INPUTS, candidates=tf.TensorSpec([None, None], tf.string)
            ),
        },
    )
