"""From the strings of a history, sent or stored, to the columns that the network reads."""

import tensorflow as tf
import tensorflow_transform as tft

from schemas import FeatureSpec
from trainer.behaviour.past import Past, past_strings, past_text, past_type
from trainer.behaviour.strings import history_width
from trainer.export.memory import Memory
from trainer.preprocessing import columns


class PastStrings(tf.Module):
    """Types of earlier events, and earlier reviews.

    They go through Transform's own graph, so that they become what they became in training.

    Attributes:
      names: The histories of strings that requests bring.
      placed: Of each history the users' places `(users, length)` among strings, and the strings.
    """

    def __init__(self, spec: FeatureSpec, past: Past, memory: Memory,
                 transform: tft.TFTransformOutput):
        super().__init__(name="past_strings")
        self.names = past_strings(spec, past)
        kinds = {past_type(spec, past): columns.PAST_TYPE,
                 past_text(spec, past): columns.PAST_WORDS}
        self._derived = {what: kinds[what] for what in self.names}
        self._raw = {what: spec.histories()[what].name for what in self.names}
        self._widths = {what: history_width(spec, what) for what in self.names}
        self._layer = transform.transform_features_layer() if self.names else None
        self._distinct, self._places = {}, {}
        for what in self.names:
            distinct, places = memory.strings[what]
            self._distinct[what] = tf.Variable(distinct, trainable=False)
            self._places[what] = tf.Variable(places, trainable=False)
        self.placed = [(self._places[what], self._distinct[what]) for what in self.names]

    def columns(
        self, request: dict[str, tf.Tensor], sent: tf.Tensor, user: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Returns the network's columns.

        Args:
          request: Strings by history, newest first, `(batch, length)`, '' for none.
          sent: Whether a row brought a history, `(batch, 1)`; else the stored one stands in.
          user: User indices, `(batch,)`.
        """
        found = {}
        for what, given in request.items():
            stored = tf.gather(self._distinct[what], tf.gather(self._places[what], user))
            texts = tf.where(sent, given, stored)[:, : self._widths[what]]
            assert self._layer is not None
            name = self._derived[what]
            found[name] = self._layer.call({self._raw[what]: _sparse(texts)})[name]
        return found


def _sparse(texts: tf.Tensor) -> tf.SparseTensor:
    """Returns all strings of a matrix, the empty ones too, for they keep the others' places."""
    rows, width = tf.unstack(tf.shape(texts, tf.int64))
    where = tf.stack(tf.meshgrid(tf.range(rows), tf.range(width), indexing="ij"), axis=-1)
    return tf.SparseTensor(tf.reshape(where, [-1, 2]), tf.reshape(texts, [-1]), [rows, width])
