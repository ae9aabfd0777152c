"""The hard rules of a schema, applied record by record.

What a number, a time and an id are, `schemas.values` says, and which words are no value, as an
empty field is none.
A fault in an id, a timestamp, a label or a required column costs the row; a fault in any other
column costs only that value. What a schema merely expects (known strings, shares of missing
values, drift) is judged later, over the whole table, by ExampleValidator.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from components.catalog_gen.columns import IDS, LARGEST, Column
from components.catalog_gen.faults import Notes
from components.decoding import decode, decode_track
from components.sources.base import Fault, Record
from schemas import Feature, FeatureSpec
from schemas.media import MediaFault
from schemas.values.numbers import comma_hint, integer, is_code, number, truth
from schemas.values.text import NOT_SHOWN, is_absent, normal_text, shown
from schemas.values.times import date_of_digits, to_seconds

_SHOWN = 60  # characters of a faulty value that a reason quotes
_NORMALISED = "were written in another form than it has here (blanks, accents, marks without width)"
_DECIMAL_ID = "are ids written as decimals; they were read without the point"
_ABSENT = "say that there is no value; none was read"
_DIGITS = "are digits that were read as a date"
_UNLIKELY = "are times outside the likely range"


@dataclass
class Checked:
    """A record after its check.

    Attributes:
      values: Lists of `int`, `float` or `bytes` by column; an absent column has no key.
      row_faults: Why the row cannot be kept; none of one that can.
      value_faults: Why a value was left out, for each one.
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    row_faults: tuple[Fault, ...] = ()
    value_faults: list[Fault] = field(default_factory=list)

    @property
    def row_fault(self) -> str | None:
        """All that costs the row, as one sentence; `None` of one that can be kept."""
        return "; ".join(one.reason for one in self.row_faults) or None


class _Unfit(Exception):
    """A value that breaks its column's rules."""


class Checker:
    """Converts the values of a table's records to the schema's types and applies the hard rules.

    What depends on the schema alone is worked out once, for tables have millions of rows.

    Attributes:
      notes: What was changed, or is doubtful, in the rows checked so far.
    """

    def __init__(self, spec: FeatureSpec, side: str):
        """Prepares for one table.

        Args:
          spec: The dataset's spec.
          side: The table that the records belong to.
        """
        labels = spec.labels_of(side) if side != "items" else ()
        self._columns = [
            Column.of(feature, [label for label in labels if label.feature == feature.name])
            for feature in spec.table(side) if not feature.derived
        ]
        # What the source could not read of a label costs the row as well.
        self._labels = {column.name for column in self._columns
                        if column.hard and not column.needed}
        self._names = {column.name for column in self._columns}
        self._tracks = [feature for feature in spec.table(side) if feature.sound_of]
        self.notes = Notes(empty={column.name for column in self._columns})

    def check(self, record: Record) -> Checked:
        """Checks one record.

        Args:
          record: The record as read.

        Returns:
          The converted values, or why the row or some of its values are left out.
        """
        checked = Checked(value_faults=list(record.faults))
        given, kept, notes = record.values.get, checked.values, self.notes
        if not self._labels.isdisjoint(one.column for one in record.faults):
            checked.row_faults = record.faults
            return checked
        for column in self._columns:
            raw: Any = given(column.name)
            kind = type(raw)
            # Most values have the right type already; only others take the longer way.
            if kind is column.plain and column.low <= raw <= column.high:
                kept[column.name] = [raw]
                continue
            if kind is str and column.text and raw:
                text = raw
                if column.normal and (column.asked or not (
                        raw.isascii() and raw[0] > " " < raw[-1] and raw[-2:] != ".0")):
                    text = column.normal(raw)
                    if text != raw:
                        _note_text(raw, text, column.feature, record, notes)
                if text:
                    kept[column.name] = [text.encode("utf-8", "replace")]
                    continue
                raw = None
            elif kind is str and column.parse:
                number = column.parse(raw)
                if number is not None and column.low <= number <= column.high:
                    kept[column.name] = [number]
                    continue
            try:
                values = _convert(raw, column)
                if not values and column.needed:
                    raise _Unfit(f"{column.name} is missing")
            except _Unfit as error:
                fault = Fault(str(error), column.name)
                if column.hard:
                    # What the source saw, such as too few fields, may explain the fault.
                    checked.row_faults = (*record.faults, fault)
                    return checked
                checked.value_faults.append(fault)
                notes.lose(column.name)
                continue
            if values:
                kept[column.name] = values
            _note_values(raw, values, column, record, notes)
        kept.update(_sound_tracks(record, self._tracks))
        self._note_losses(record, kept)
        return checked

    def _note_losses(self, record: Record, kept: dict[str, list[Any]]) -> None:
        if self.notes.empty:
            self.notes.empty.difference_update(kept)
        for fault in record.faults:  # what the source left out
            if fault.column in self._names:
                self.notes.lose(fault.column)


def _note_text(raw: str, text: str, feature: Feature, record: Record, notes: Notes) -> None:
    what = _DECIMAL_ID if normal_text(raw) != text else _NORMALISED
    if not text:
        what = _ABSENT
    notes.add(feature.name, what, record, _shown(raw, feature))


def _note_values(raw: Any, values: list[Any], column: Column, record: Record,
                 notes: Notes) -> None:
    if values and column.feature.role is not None:
        _note_number(raw, values[0], column, record, notes)
    elif not values and isinstance(raw, str) and raw.strip():
        notes.add(column.name, _ABSENT, record, _shown(raw, column.feature))


def _note_number(raw: Any, value: Any, column: Column, record: Record, notes: Notes) -> None:
    feature = column.feature
    if feature.role == "timestamp":
        low, high = column.likely
        if not low <= value <= high:
            notes.add(feature.name, _UNLIKELY, record, _shown(raw, feature))
        elif _is_date_in_digits(raw, value):
            notes.add(feature.name, _DIGITS, record, _shown(raw, feature))
    elif isinstance(raw, str) and "." in raw:
        notes.add(feature.name, _DECIMAL_ID, record, _shown(raw, feature))


def _is_date_in_digits(raw: Any, second: int) -> bool:
    text = str(raw).strip()
    if not text.isdecimal():
        return False
    digits = int(text)
    return second not in (digits, digits // 1000) and date_of_digits(digits) == second


def _sound_tracks(record: Record, features: list[Feature]) -> dict[str, list[bytes]]:
    """Returns the sound of the record's videos, by the column that holds it."""
    videos = {f.name: record.values.get(str(f.sound_of)) for f in features}
    tracks = {name: decode_track(video) for name, video in videos.items() if video}
    return {name: [track] for name, track in tracks.items() if track}


def _convert(raw: Any, column: Column) -> list[Any]:
    feature = column.feature
    if raw is None or raw == "":
        return []
    if feature.media:
        try:
            return [decode(raw, str(feature.modality))]
        except MediaFault as fault:
            raise _Unfit(f"{feature.name}: {_media_reason(fault, feature)}") from fault
    given = raw if isinstance(raw, list | tuple) else [raw]
    items = [item for item in given if item not in (None, "", b"")]
    if feature.dtype is not bytes:
        items = [item for item in items if not is_absent(item)]
    if feature.max_values and len(items) > feature.max_values:
        raise _Unfit(f"{feature.name} has {len(items)} values, at most {feature.max_values} fit")
    if column.normal and feature.dtype is bytes:
        items = [column.normal(item) if isinstance(item, str) else item for item in items]
        items = [item for item in items if item != ""]
    return [_scalar(item, feature) for item in items]


def _media_reason(fault: MediaFault, feature: Feature) -> str:
    """Returns why media are none; of personal ones neither the file's name nor its start is shown.

    A column of photographs may turn out to hold names.
    """
    if feature.masked and fault.quotes:
        return f"{feature.modality} file {NOT_SHOWN} cannot be read"
    return str(fault)


def _scalar(item: Any, feature: Feature) -> Any:
    if feature.dtype is bytes:
        return item if isinstance(item, bytes) else str(item).encode("utf-8", "replace")
    if isinstance(item, bytes):
        item = item.decode("utf-8", "replace")
    if feature.role == "timestamp":
        value = to_seconds(item, feature.maximum)
        if value is None:
            raise _Unfit(f"{feature.name} {_shown(item, feature)} is no time: expected seconds, "
                         "milliseconds or an ISO date")
    else:
        value = as_number(item, feature)
        if value is None:
            raise _Unfit(_no_number(item, feature))
    if feature.dtype is float and not math.isfinite(value):
        raise _Unfit(f"{feature.name} {_shown(item, feature)} is not finite")
    low, high = feature.minimum, feature.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = " to ".join("any" if bound is None else f"{bound:g}" for bound in (low, high))
        raise _Unfit(f"{feature.name} {_shown(item, feature)} is outside the range {bounds}")
    if abs(value) > LARGEST[feature.dtype]:
        raise _Unfit(f"{feature.name} {_shown(item, feature)} is too large to be stored")
    return value


def as_number(item: Any, feature: Feature) -> Any:
    """Returns a value as the schema's type of number, or `None` where it is none."""
    if isinstance(item, str):
        if feature.role in IDS and is_code(item):
            return None
        value = integer(item) if feature.dtype is int else number(item)
        if value is None and (feature.minimum, feature.maximum) == (0.0, 1.0):
            value = truth(item)
        return None if value is None else feature.dtype(value)
    try:
        value = feature.dtype(item)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if feature.dtype is float or value == item else None


def _no_number(item: Any, feature: Feature) -> str:
    kind = "whole number" if feature.dtype is int else "number"
    hint = ""
    if isinstance(item, str):
        if comma := comma_hint([item]):
            hint = f"; {comma}"
        elif feature.role in IDS and is_code(item):
            hint = ": it begins with a zero, which only a column of BYTES keeps"
    return f"{feature.name} {_shown(item, feature)} is not a {kind}{hint}"


def _shown(item: Any, feature: Feature) -> str:
    if feature.masked:
        return NOT_SHOWN
    text = shown(item) if isinstance(item, str) else repr(item)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
