"""From the tensors of a request to the columns that the network's user side reads."""

import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature, FeatureSpec
from trainer.behaviour.moment import moment_columns
from trainer.behaviour.past import Past, event_values, past_strings, past_text, past_type
from trainer.behaviour.strings import history_width
from trainer.data.interactions import table_index
from trainer.data.memory import Memory
from trainer.modalities import MODALITIES
from trainer.preprocessing import columns
from trainer.preprocessing.column import Role, columns_of
from trainer.recipe import BoundRecipe

USER_ID = "user_id"
TIMESTAMP = "timestamp"
HISTORY_ITEM_ID = "history_item_id"
HISTORY_TIMESTAMP = "history_timestamp"


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
          sent: Whether a row brought a history, `(batch, 1)`; else the stored one is taken.
          user: User indices, `(batch,)`.
        """
        columns = {}
        for what, given in request.items():
            stored = tf.gather(self._distinct[what], tf.gather(self._places[what], user))
            texts = tf.where(sent, given, stored)[:, : self._widths[what]]
            assert self._layer is not None
            name = self._derived[what]
            columns[name] = self._layer.call({self._raw[what]: _sparse(texts)})[name]
        return columns


def _sparse(texts: tf.Tensor) -> tf.SparseTensor:
    """Returns all strings of a matrix, the empty ones too, for they keep the others' places."""
    rows, width = tf.unstack(tf.shape(texts, tf.int64))
    where = tf.stack(tf.meshgrid(tf.range(rows), tf.range(width), indexing="ij"), axis=-1)
    return tf.SparseTensor(tf.reshape(where, [-1, 2]), tf.reshape(texts, [-1]), [rows, width])


def history_key(what: str) -> str:
    """Returns the request's name for a history of past values."""
    return f"history_{what}"


class UserRequest(tf.Module):
    """Reads a user and a moment from a request; see `signature` for the inputs.

    A history in the request replaces the stored one. Where a request brings none, the stored
    history of the user is taken, and with it the time of its newest event where the request has
    no time either.

    Attributes:
      of_users: Variables with one row a user.
      placed: See `PastStrings`.
    """

    def __init__(self, spec: FeatureSpec, past: Past, memory: Memory, users, items,
                 transform: tft.TFTransformOutput):
        super().__init__(name="user_request")
        self._users, self._items, self._past = users, items, past
        self._values = event_values(spec)
        self._strings = PastStrings(spec, past, memory, transform)
        self._length = memory.items.shape[1]
        self._stored_items = tf.Variable(memory.items, trainable=False)
        self._stored_times = tf.Variable(memory.times, trainable=False)
        self._stored_values = {
            name: tf.Variable(memory.values[name], trainable=False) for name in self._values
        }
        self.of_users = [self._stored_items, self._stored_times, *self._stored_values.values()]
        self.placed = self._strings.placed

    def signature(self) -> dict[str, tf.TensorSpec]:
        """Returns the inputs; '' and -1 mean absent, histories are newest first."""
        matrix = {HISTORY_TIMESTAMP: tf.int64}
        matrix.update((history_key(what), tf.float32) for what in self._values)
        matrix.update((history_key(what), tf.string) for what in self._strings.names)
        return {
            USER_ID: tf.TensorSpec([None], tf.string, USER_ID),
            TIMESTAMP: tf.TensorSpec([None], tf.int64, TIMESTAMP),
            HISTORY_ITEM_ID: tf.TensorSpec([None, None], tf.string, HISTORY_ITEM_ID),
            **{n: tf.TensorSpec([None, None], d, n) for n, d in matrix.items()},
        }

    def columns(self, request: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the network's columns of a request, `user_index` and the behaviour."""
        user = table_index(self._users, request[USER_ID])
        result = {columns.USER_INDEX: user}
        if self._length:
            result.update(self._behaviour(request, user))
        return result

    def sent_items(self, request: dict[str, tf.Tensor]) -> tf.Tensor:
        """Returns the item indices of the history in a request, of any length, 0 for none."""
        return table_index(self._items, request[HISTORY_ITEM_ID])

    def _behaviour(
        self, request: dict[str, tf.Tensor], user: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        sent = tf.reduce_any(tf.strings.length(request[HISTORY_ITEM_ID]) > 0, axis=1)[:, None]
        # A place without an item is no event, whatever else is sent for it.
        event = tf.strings.length(self._fit(request[HISTORY_ITEM_ID], "")) > 0

        def given(name: str, absent) -> tf.Tensor:
            column = self._fit(request[name], absent)
            return tf.where(event, column, tf.constant(absent, column.dtype))

        items = self._fit(self.sent_items(request), 0)
        items = tf.where(sent, items, tf.gather(self._stored_items, user))
        times = given(HISTORY_TIMESTAMP, -1)
        times = tf.where(sent, times, tf.gather(self._stored_times, user))
        result = moment_columns(times, request[TIMESTAMP], self._past)
        for what, stored in self._stored_values.items():
            value = given(history_key(what), -1.0)
            result[columns.history_value(what)] = tf.where(sent, value, tf.gather(stored, user))
        result.update(self._strings.columns(
            {what: given(history_key(what), "") for what in self._strings.names},
            sent, user))
        result[columns.HISTORY_INDEX] = items
        return result

    def _fit(self, column: tf.Tensor, absent) -> tf.Tensor:
        """Cuts or pads a column to the model's history length."""
        column = column[:, : self._length]
        missing = self._length - tf.shape(column)[1]
        padded = tf.pad(column, [[0, 0], [0, missing]],
                        constant_values=tf.constant(absent, column.dtype))
        return tf.ensure_shape(padded, (None, self._length))


class RawContent(tf.Module):
    """Reads the raw content of a user or an item that need not be in the tables.

    Args:
      bound: What is read, and what is learned and so not read.
      side: `users` or `items`.
      transform: The output of the side's transform.
    """

    def __init__(self, bound: BoundRecipe, side: str, transform: tft.TFTransformOutput):
        super().__init__(name=f"raw_{side}")
        self._features = bound.inputs(side)
        self._raw_spec = transform.raw_feature_spec()
        self._layer = transform.transform_features_layer()
        self._dtypes = {name: column.dtype for name, column in columns_of(transform).items()
                        if column.role is Role.INPUT}

    def signature(self) -> dict[str, tf.TensorSpec]:
        """Returns the inputs, by the schema's names; '' and -1 mean absent."""
        dtypes = {bytes: tf.string, int: tf.int64, float: tf.float32}
        return {
            f.name: tf.TensorSpec([None] if f.scalar else [None, None], dtypes[f.dtype], f.name)
            for f in self._features
        }

    def readable(self, request: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns a request in which a value that its modality cannot read counts as absent."""
        read = {f.name: MODALITIES[f.modality] for f in self._features if f.modality in MODALITIES}
        return {name: read[name].readable(value) if name in read else value
                for name, value in request.items()}

    def columns(self, request: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the side's content columns of a request."""
        if not self._features:
            return {}
        raw = {f.name: self._raw(request[f.name], f) for f in self._features}
        return {name: tf.cast(value, self._dtypes[name])
                for name, value in self._layer.call(raw).items() if name in self._dtypes}

    def _raw(self, value: tf.Tensor, feature: Feature):
        value = value[:, None] if feature.scalar else value
        if isinstance(self._raw_spec[feature.name], tf.io.FixedLenFeature):
            return value
        known = tf.strings.length(value) > 0 if value.dtype == tf.string else value != -1
        where = tf.where(known)
        return tf.SparseTensor(where, tf.gather_nd(value, where), tf.shape(value, tf.int64))
