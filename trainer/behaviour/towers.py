"""The user's behaviour up to a moment: inputs and towers of everything that is read of the past."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from schemas import FeatureSpec
from trainer.behaviour.declarations import row_columns
from trainer.behaviour.options import History, PastPart, Series, Vae, past_of
from trainer.behaviour.past import Past, event_values, past_type
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
    spec: FeatureSpec, behaviour: Mapping[str, PastPart]
) -> dict[str, keras.KerasTensor]:
    """Returns the inputs of what is read of the past by column; none without a history."""
    past = past_of(behaviour)
    declared = row_columns(spec, past)
    if columns.HISTORY_INDEX not in declared:
        return {}
    read = dict.fromkeys(
        column for part in behaviour for column in _TOWERS[part].reads(spec, past))
    return {n: column_input(declared[n].shape, declared[n].dtype, n) for n in read}


def past_part(name: str, options: PastPart, spec: FeatureSpec, materials: Materials) -> Built:
    """Builds a tower of the past.

    Args:
      name: Which one.
      options: Its options.
      spec: The dataset's spec.
      materials: The inputs, width and dropout, and what the towers of the past share.
    """
    return _TOWERS[name].build(spec, options, materials)


def _history(spec: FeatureSpec, options: History, materials: Materials) -> Built:
    inputs, shared, dropout = materials.inputs, materials.past, materials.dropout
    index, age = inputs[columns.HISTORY_INDEX], inputs[columns.HISTORY_AGE]
    rank, values = inputs[columns.HISTORY_RANK], _centred_values(spec, inputs)
    if not options.in_order:
        tower = HistoryTower(materials.dim, shared.items, values=values.shape[-1],
                             dropout=dropout, name="history_tower")
        return Built(tower, *tower((index, age, rank, values)))
    build = look_up(SEQUENCES, options.tower.name, "history tower")
    tower = build(materials.dim, shared.items, types=shared.types, dropout=dropout,
                  name="history_tower")
    kind = inputs[columns.PAST_TYPE] if shared.types else ops.zeros_like(index)
    times = ops.stack([age, inputs[columns.PAST_GAP]], axis=-1)
    numbers = ops.concatenate([values, times, inputs[columns.PAST_HOUR]], axis=-1)
    return Built(tower, *tower((index, rank, kind, numbers)))


def _history_columns(spec: FeatureSpec, past: Past) -> Iterator[str]:
    yield from (columns.HISTORY_INDEX, columns.HISTORY_AGE, columns.HISTORY_RANK)
    yield from map(columns.history_value, event_values(spec))
    if past.sequence:
        yield from (columns.PAST_GAP, columns.PAST_HOUR)
        if past_type(spec, past):
            yield columns.PAST_TYPE


def _context(spec: FeatureSpec, options: PastPart, materials: Materials) -> Built:
    moment = materials.inputs[columns.CONTEXT]
    tower = NumericTower(materials.dim, dropout=materials.dropout, name="context_tower")
    return Built(tower, *tower((moment, ops.ones_like(moment[:, 0]))))


def _counts(spec: FeatureSpec, options: PastPart, materials: Materials) -> Built:
    index = materials.inputs[columns.HISTORY_INDEX]
    width = index.shape[1]
    categories = [ops.reshape(look(index), (-1, width * look.width))
                  for look in materials.past.categories.values()]
    tower = CountsTower(materials.dim, dropout=materials.dropout, name="counts_tower")
    return Built(tower, *tower((materials.inputs[columns.PAST_COUNTS], index, *categories)))


def _series(spec: FeatureSpec, options: Series, materials: Materials) -> Built:
    series, dropout = materials.inputs[columns.PAST_SERIES], materials.dropout
    if not isinstance(options.tower, Vae):
        tower = SeriesRnn(materials.dim, dropout=dropout, name="series_tower")
        return Built(tower, *tower(series))
    tower = SeriesAutoencoder(materials.dim, seed=materials.past.seed, dropout=dropout,
                              name="series_tower")
    vector, present, loss = tower(series)
    return Built(tower, vector, present, {RECONSTRUCTION: loss})


def _reviews(spec: FeatureSpec, options: PastPart, materials: Materials) -> Built:
    return _words(columns.PAST_WORDS, materials, "review_tower")


def _item_reviews(spec: FeatureSpec, options: PastPart, materials: Materials) -> Built:
    return _words(columns.ITEM_WORDS, materials, "item_review_tower")


def _words(column: str, materials: Materials, name: str) -> Built:
    """Builds a tower over the words of reviews, `(batch, words)`."""
    tower = ReviewTower(materials.dim, materials.past.words, dropout=materials.dropout, name=name)
    return Built(tower, *tower(materials.inputs[column]))


@dataclass(frozen=True)
class _Tower:
    """The tower of a part of the past.

    Attributes:
      build: Builds it of the spec, the part's options and what its side is built from.
      reads: Returns the columns of a row that it reads.
    """

    build: Callable[[FeatureSpec, Any, Materials], Built]
    reads: Callable[[FeatureSpec, Past], Iterable[str]]


_TOWERS = {
    "history": _Tower(_history, _history_columns),
    "context": _Tower(_context, lambda spec, past: (columns.CONTEXT,)),
    "counts": _Tower(_counts, lambda spec, past: (columns.HISTORY_INDEX, columns.PAST_COUNTS)),
    "series": _Tower(_series, lambda spec, past: (columns.PAST_SERIES,)),
    "reviews": _Tower(_reviews, lambda spec, past: (columns.PAST_WORDS,)),
    # The words are a column of the item, which the network looks up.
    "item_reviews": _Tower(_item_reviews, lambda spec, past: ()),
}


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
