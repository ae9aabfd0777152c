"""The user's behaviour up to a moment: the inputs of what is read of the past, and the towers."""

from collections.abc import Iterable
from dataclasses import dataclass

import keras
from keras import ops

from schemas import FeatureSpec
from trainer.behaviour.declarations import row_columns
from trainer.behaviour.past import Past
from trainer.layers.event_sequence import SEQUENCES
from trainer.layers.history import HistoryTower, ReviewTower
from trainer.layers.inputs import column_input
from trainer.layers.rhythm import CountsTower, SeriesAutoencoder, SeriesRnn
from trainer.layers.towers import NumericTower
from trainer.options import look_up
from trainer.parts.part import Built, Materials
from trainer.preprocessing import columns

RECONSTRUCTION = "reconstruction"


@dataclass(frozen=True)
class PastOf:
    """What the towers of the past share with the rest of the network.

    Attributes:
      items: The embedding of item indices, which the item side has too.
      categories: From item indices to those of each categorical feature, by feature.
      words: The embedding of the reviews' words, `None` where none are read.
      types: Number of indices of event types, 0 where they are not read.
      seed: Seed of what the towers draw.
    """

    items: keras.layers.Embedding
    categories: dict[str, keras.layers.Layer]
    words: keras.layers.Embedding | None = None
    types: int = 0
    seed: int = 0


def behaviour_inputs(
    spec: FeatureSpec, past: Past, read: Iterable[str]
) -> dict[str, keras.KerasTensor]:
    """Returns the inputs of what is read of the past by column; none without a history.

    Args:
      spec: The dataset's spec.
      past: What is derived of the past.
      read: The columns that are read.
    """
    declared = row_columns(spec, past)
    if columns.HISTORY_INDEX not in declared:
        return {}
    return {n: column_input(declared[n].shape, declared[n].dtype, n) for n in dict.fromkeys(read)}


def history_means(spec: FeatureSpec, materials: Materials) -> Built:
    """Builds the tower of earlier items by their means."""
    inputs, values = materials.inputs, _centred_values(spec, materials.inputs)
    tower = HistoryTower(materials.dim, materials.past.items, values=values.shape[-1],
                         dropout=materials.dropout, name="history_tower")
    return Built(tower, *tower((inputs[columns.HISTORY_INDEX], inputs[columns.HISTORY_AGE],
                                inputs[columns.HISTORY_RANK], values)))


def history_in_order(name: str, spec: FeatureSpec, materials: Materials) -> Built:
    """Builds a tower of earlier events in their order, by the name of the tower."""
    inputs, types = materials.inputs, materials.past.types
    index, values = inputs[columns.HISTORY_INDEX], _centred_values(spec, inputs)
    build = look_up(SEQUENCES, name, "history tower")
    tower = build(materials.dim, materials.past.items, types=types, dropout=materials.dropout,
                  name="history_tower")
    kind = inputs[columns.PAST_TYPE] if types else ops.zeros_like(index)
    times = ops.stack([inputs[columns.HISTORY_AGE], inputs[columns.PAST_GAP]], axis=-1)
    numbers = ops.concatenate([values, times, inputs[columns.PAST_HOUR]], axis=-1)
    return Built(tower, *tower((index, inputs[columns.HISTORY_RANK], kind, numbers)))


def context(materials: Materials) -> Built:
    """Builds the tower of an event's moment."""
    moment = materials.inputs[columns.CONTEXT]
    tower = NumericTower(materials.dim, dropout=materials.dropout, name="context_tower")
    return Built(tower, *tower((moment, ops.ones_like(moment[:, 0]))))


def counts(materials: Materials) -> Built:
    """Builds the tower of events in windows of time."""
    index = materials.inputs[columns.HISTORY_INDEX]
    width = index.shape[1]
    categories = [ops.reshape(look(index), (-1, width * look.width))
                  for look in materials.past.categories.values()]
    tower = CountsTower(materials.dim, dropout=materials.dropout, name="counts_tower")
    return Built(tower, *tower((materials.inputs[columns.PAST_COUNTS], index, *categories)))


def series_in_order(materials: Materials) -> Built:
    """Builds the tower that reads the days in their order."""
    tower = SeriesRnn(materials.dim, dropout=materials.dropout, name="series_tower")
    return Built(tower, *tower(materials.inputs[columns.PAST_SERIES]))


def series_reconstructed(materials: Materials) -> Built:
    """Builds the tower that encodes all days at once."""
    tower = SeriesAutoencoder(materials.dim, seed=materials.past.seed, dropout=materials.dropout,
                              name="series_tower")
    vector, present, loss = tower(materials.inputs[columns.PAST_SERIES])
    return Built(tower, vector, present, {RECONSTRUCTION: loss})


def reviews(materials: Materials) -> Built:
    """Builds the tower of the words that a user wrote."""
    return _words(columns.PAST_WORDS, materials, "review_tower")


def item_reviews(materials: Materials) -> Built:
    """Builds the tower of the words that others wrote of an item."""
    return _words(columns.ITEM_WORDS, materials, "item_review_tower")


def _words(column: str, materials: Materials, name: str) -> Built:
    """Builds a tower over the words of reviews, `(batch, words)`."""
    tower = ReviewTower(materials.dim, materials.past.words, dropout=materials.dropout, name=name)
    return Built(tower, *tower(materials.inputs[column]))


def _centred_values(spec: FeatureSpec, behaviour) -> keras.KerasTensor:
    """Scales past values to -1..1 over their domains, 0 where absent: `(batch, length, values)`."""
    scaled = [ops.zeros_like(behaviour[columns.HISTORY_AGE])]
    for feature in spec.table("interactions"):
        if columns.history_value(feature.name) in behaviour:
            value = behaviour[columns.history_value(feature.name)]
            low, high = feature.minimum or 0.0, 1.0 if feature.maximum is None else feature.maximum
            centred = (value - low) / max(high - low, 1e-6) * 2 - 1
            scaled.append(ops.where(value < 0, ops.zeros_like(centred), centred))
    return ops.stack(scaled[1:] or scaled, axis=-1)
