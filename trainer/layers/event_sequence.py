"""Towers over a user's earlier events as a sequence: what, of which kind, when, how liked."""

import keras
from keras import ops

from trainer.layers.lookup import RowEmbedding
from trainer.layers.towers import TableTower, masked_softmax


@keras.saving.register_keras_serializable("tessera")
class EventSequence(TableTower):
    """Base of the towers that read events one by one.

    An event is the sum of its item's embedding, its type's, and a projection of its numbers (past
    values, age, gap to the next event, hour of the day).

    Args:
      embedding: The items' table, shared with the item tower.
      types: Number of indices of event types, 0 for none included; 0 where there are no types.
    """

    def __init__(self, dim, embedding, types=0, **kwargs):
        super().__init__(dim, embedding, **kwargs)
        self.types = types
        self._type = RowEmbedding(types, dim, name="type") if types else None
        self._numbers = keras.layers.Dense(dim, name="numbers")
        self._event_norm = keras.layers.LayerNormalization(name="event_norm")

    def call(self, inputs, training=None):
        """Maps a history, newest first, to vectors.

        Args:
          inputs: Item indices `(batch, length)` with 0 for none, ranks and type indices
            `(batch, length)`, and numbers `(batch, length, any)`.
          training: Whether dropout acts.

        Returns:
          `(vector (batch, dim), present (batch,))`.
        """
        index, rank, kind, numbers = inputs
        known = ops.cast(index > 0, "float32")
        embedded = self.embedding(index)
        events = embedded + self._numbers(ops.cast(numbers, embedded.dtype))
        if self._type is not None:
            events = events + self._type(kind)
        events = self._event_norm(events) * ops.cast(known, events.dtype)[:, :, None]
        vector = self.read(events, known, rank, training)
        return self.finish(vector, ops.max(known, axis=1), training)

    def read(self, events, known, rank, training):
        """Maps events `(batch, length, dim)`, newest first, to `(batch, dim)`."""
        raise NotImplementedError

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "types": self.types}


@keras.saving.register_keras_serializable("tessera")
class GruHistory(EventSequence):
    """A gated recurrent unit from the oldest event to the newest (Hidasi 2016, arXiv:1511.06939).

    Places without a known item leave the state as it was.
    """

    def __init__(self, dim, embedding, **kwargs):
        super().__init__(dim, embedding, **kwargs)
        # cuDNN takes no mask with gaps, and an unknown item is one.
        self._gru = keras.layers.GRU(dim, use_cudnn=False, name="gru")

    def read(self, events, known, rank, training):
        """Returns the state after the newest event."""
        return self._gru(ops.flip(events, axis=1), mask=ops.flip(known, axis=1) > 0)


@keras.saving.register_keras_serializable("tessera")
class SelfAttentionHistory(EventSequence):
    """A block in which all events attend to each other, then attention to the telling ones.

    After SASRec (Kang and McAuley 2018, arXiv:1808.09781). Places are ranks from the newest event
    back, which events of one second share; as one vector comes out, nothing need be causal.

    Args:
      heads: Heads of the attention.
      max_rank: Ranks from here on count as one.
    """

    def __init__(self, dim, embedding, heads=2, max_rank=64, **kwargs):
        super().__init__(dim, embedding, **kwargs)
        self.heads, self.max_rank = heads, max_rank
        self._place = RowEmbedding(max_rank, dim, name="place")
        self._attend = keras.layers.MultiHeadAttention(
            heads, max(1, dim // heads), dropout=self.dropout, name="attend")
        self._attend_norm = keras.layers.LayerNormalization(name="attend_norm")
        self._hidden = keras.layers.Dense(2 * dim, activation="gelu", name="hidden")
        self._project = keras.layers.Dense(dim, name="project")
        self._hidden_norm = keras.layers.LayerNormalization(name="hidden_norm")
        self._telling = keras.layers.Dense(1, use_bias=False, name="telling")

    def read(self, events, known, rank, training):
        """Returns the events' mean, weighed by how telling each is."""
        place = ops.minimum(ops.cast(rank, "int32"), self.max_rank - 1)
        events = events + self._place(place)
        attended = self._attend(events, events, attention_mask=known[:, None, :] > 0,
                                training=training)
        events = self._attend_norm(events + attended)
        events = self._hidden_norm(events + self._project(self._hidden(events)))
        logits = ops.cast(self._telling(events)[:, :, 0], "float32")
        weights = ops.cast(masked_softmax(logits, known), events.dtype)
        return ops.einsum("bl,bld->bd", weights, events)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "heads": self.heads, "max_rank": self.max_rank}


SEQUENCES = {"gru": GruHistory, "self_attention": SelfAttentionHistory}
