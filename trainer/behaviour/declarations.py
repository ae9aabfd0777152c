"""The columns that a table has beside those of its modalities: ids, labels, behaviour."""

from collections.abc import Iterator

from schemas import FeatureSpec
from trainer.behaviour.past import (
    NOTHING,
    Past,
    event_values,
    past_strings,
    past_text,
    past_type,
)
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Role

# The indices that are looked up in the tables, by the column of their ids.
INDICES = {columns.USER_ID: columns.USER_INDEX, columns.ITEM_ID: columns.ITEM_INDEX,
           columns.HISTORY_ITEM_ID: columns.HISTORY_INDEX,
           columns.UNSEEN_ID: columns.UNSEEN_INDEX}


def identity_columns(spec: FeatureSpec, side: str) -> Iterator[Column]:
    """Yields the columns of a row of the users or the items itself."""
    yield Column(columns.INDEX, spec.id_key(side).name, "int32", role=Role.INDEX)
    if events := spec.event_count(side):
        yield Column(columns.EVENTS, events.name, "int32", role=Role.COUNT)


def label_columns(spec: FeatureSpec, side: str) -> Iterator[Column]:
    """Yields the columns of a table's labels."""
    for label in spec.labels_of(side):
        yield Column(columns.label(label.name), label.feature, "float32", role=Role.LABEL)


def interaction_columns(spec: FeatureSpec, past: Past = NOTHING) -> Iterator[Column]:
    """Yields the columns that Transform makes of interactions."""
    for name in ("user_id", "item_id"):
        yield Column(name, spec.role(name).name, "string", role=Role.ID)
    timestamp = spec.role("timestamp").name if spec.has_role("timestamp") else None
    yield Column(columns.TIMESTAMP, timestamp, "int64", role=Role.TIME)
    yield from label_columns(spec, "interactions")
    if unseen := spec.unseen():
        width = int(unseen.max_values or 0)
        yield Column(columns.UNSEEN_ID, unseen.name, "string", (width,), Role.ID)
    if spec.event_weights():
        kind = spec.role("event_type").name
        yield Column(columns.EVENT_WEIGHT, kind, "float32", role=Role.WEIGHT)
    for what in event_values(spec):
        yield Column(columns.event_value(what), what, "float32", role=Role.EVENT)
    yield from _history_columns(spec, past)


def row_columns(spec: FeatureSpec, past: Past = NOTHING) -> dict[str, Column]:
    """Returns what a row of interactions has behind the look-up of its ids, by name."""
    made = {column.name: column for column in interaction_columns(spec, past)}
    return {**made, **index_columns(made)}


def index_columns(made: dict[str, Column]) -> dict[str, Column]:
    """Returns the indices that are looked up for columns of ids, by name."""
    return {INDICES[name]: Column(INDICES[name], column.feature, "int32", column.shape)
            for name, column in made.items() if name in INDICES}


def _history_columns(spec: FeatureSpec, past: Past) -> Iterator[Column]:
    if not spec.has_history:
        return
    histories = spec.histories()
    items, times = histories["item_id"], histories["timestamp"].name
    shape = (int(items.max_values or 0),)
    yield Column(columns.HISTORY_ITEM_ID, items.name, "string", shape, Role.ID)
    yield from _moment_columns(times, shape, past)
    for what in event_values(spec):
        yield Column(columns.history_value(what), histories[what].name, "float32", shape)
    for what in past_strings(spec, past):
        yield Column(columns.sent(what), histories[what].name, "string", shape, Role.REQUEST)
        yield Column(columns.event_value(what), spec.history_source(what).name, "string",
                     role=Role.EVENT)
    if kind := past_type(spec, past):
        yield Column(columns.PAST_TYPE, histories[kind].name, "int32", shape)
    if review := past_text(spec, past):
        width = (past.words,)
        yield Column(columns.PAST_WORDS, histories[review].name, "int32", width)
        yield Column(columns.EVENT_WORDS, spec.history_source(review).name, "int32", width,
                     Role.EVENT)


def _moment_columns(times: str, shape: tuple[int, ...], past: Past) -> Iterator[Column]:
    """Yields what is made of the times of a history and of the moment."""
    yield Column(columns.HISTORY_TIME, times, "int64", shape, Role.TIME)
    yield Column(columns.HISTORY_AGE, times, "float32", shape)
    yield Column(columns.HISTORY_RANK, times, "int32", shape)
    yield Column(columns.CONTEXT, None, "float32", (columns.CONTEXT_WIDTH,))
    if past.sequence:
        yield Column(columns.PAST_GAP, times, "float32", shape)
        yield Column(columns.PAST_HOUR, times, "float32", (*shape, 2))
    if past.counts:
        yield Column(columns.PAST_COUNTS, times, "float32", (columns.COUNTS_WIDTH,))
    if past.days:
        yield Column(columns.PAST_SERIES, times, "float32", (past.days, columns.SERIES_WIDTH))
