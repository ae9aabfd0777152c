"""The hard rules of a schema, applied record by record.

A fault in an id, a timestamp, a label or a required column costs the row; a fault in any other
column costs only that value. What a schema merely expects (known strings, shares of missing
values, drift) is judged later, over the whole table, by ExampleValidator.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any

from components.catalog_gen.times import MILLISECONDS_FROM, to_seconds
from components.media import MediaFault, read_media, read_sound_track
from components.sources.base import Record
from schemas import MEDIA, Feature, FeatureSpec

_LARGEST = {int: 2**63 - 1, float: 3.4028234e38}  # what a tf.train.Example holds: int64, float32
_SECONDS_BELOW = MILLISECONDS_FROM - 1
_SHOWN = 60  # characters of a faulty value that a reason quotes


@dataclass
class Checked:
    """A record after its check.

    Attributes:
      values: Lists of `int`, `float` or `bytes` by column; an absent column has no key.
      row_fault: Why the row cannot be kept, or `None`.
      value_faults: One sentence for each value that was left out.
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    row_fault: str | None = None
    value_faults: list[str] = field(default_factory=list)


class _Fault(Exception):
    """A value that breaks its column's rules."""


class Checker:
    """Converts the values of a table's records to the schema's types and applies the hard rules.

    What depends on the schema alone is worked out once, for tables have millions of rows.
    """

    def __init__(self, spec: FeatureSpec, side: str):
        """Prepares for one table.

        Args:
          spec: The dataset's spec.
          side: The table that the records belong to.
        """
        # A user without an attribute is masked where the attribute is learned, and stays.
        labels = {label.feature for label in spec.labels_of("interactions")}
        self._columns = [
            _Column.of(feature, side == "interactions" and feature.name in labels)
            for feature in spec.table(side) if not feature.derived
        ]
        self._tracks = [feature for feature in spec.table(side) if feature.sound_of]

    def check(self, record: Record) -> Checked:
        """Checks one record.

        Args:
          record: The record as read.

        Returns:
          The converted values, or why the row or some of its values are left out.
        """
        checked = Checked(value_faults=list(record.faults))
        given, kept = record.values.get, checked.values
        for column in self._columns:
            raw: Any = given(column.name)
            kind = type(raw)
            # Most values have the right type already; only others take the longer way.
            if kind is column.plain and column.low <= raw <= column.high:
                kept[column.name] = [raw]
                continue
            if kind is str and column.text and raw:
                kept[column.name] = [raw.encode("utf-8", "replace")]
                continue
            try:
                values = _convert(raw, column.feature)
                if not values and column.needed:
                    raise _Fault(f"{column.name} is missing")
            except (_Fault, MediaFault) as fault:
                if column.hard:
                    # What the source saw, such as too few fields, may explain the fault.
                    checked.row_fault = "; ".join([*record.faults, str(fault)])
                    return checked
                checked.value_faults.append(str(fault))
                continue
            if values:
                kept[column.name] = values
        kept.update(_sound_tracks(record, self._tracks))
        return checked


@dataclass(frozen=True, slots=True)
class _Column:
    """A feature, with its rules in the form in which they are looked at.

    Attributes:
      plain: Type of a value that needs no conversion, `None` where each one does.
      text: A string needs nothing but its encoding.
      low: Smallest value of the type `plain`.
      high: Largest such value.
      needed: A row without a value breaks a hard rule.
      hard: A fault costs the row.
    """

    name: str
    feature: Feature
    plain: type | None
    text: bool
    low: float
    high: float
    needed: bool
    hard: bool

    @classmethod
    def of(cls, feature: Feature, label: bool) -> "_Column":
        needed = feature.required or feature.role is not None
        plain, low, high = None, 0.0, 0.0
        if feature.dtype in _LARGEST:
            most = _SECONDS_BELOW if feature.role == "timestamp" else _LARGEST[feature.dtype]
            plain = feature.dtype
            low = -most if feature.minimum is None else max(-most, feature.minimum)
            high = most if feature.maximum is None else min(most, feature.maximum)
        text = feature.dtype is bytes and feature.modality not in MEDIA
        return cls(feature.name, feature, plain, text, low, high, needed, needed or label)


def _sound_tracks(record: Record, features: list[Feature]) -> dict[str, list[bytes]]:
    """Returns the sound of the record's videos, by the column that holds it."""
    videos = {f.name: record.values.get(str(f.sound_of)) for f in features}
    tracks = {name: read_sound_track(video) for name, video in videos.items() if video}
    return {name: [track] for name, track in tracks.items() if track}


def _convert(raw: Any, feature: Feature) -> list[Any]:
    if raw is None or raw == "":
        return []
    if feature.modality in MEDIA:
        try:
            return [read_media(raw, str(feature.modality))]
        except MediaFault as fault:
            raise _Fault(f"{feature.name}: {fault}") from fault
    given = raw if isinstance(raw, list | tuple) else [raw]
    items = [item for item in given if item not in (None, "", b"")]
    if feature.max_values and len(items) > feature.max_values:
        raise _Fault(f"{feature.name} has {len(items)} values, at most {feature.max_values} fit")
    return [_scalar(item, feature) for item in items]


def _scalar(item: Any, feature: Feature) -> Any:
    if feature.dtype is bytes:
        return item if isinstance(item, bytes) else str(item).encode("utf-8", "replace")
    given = f"{feature.name} {_shown(item, feature)}"
    if feature.role == "timestamp":
        item = to_seconds(item)
        if item is None:
            raise _Fault(f"{given} is no time: expected seconds, milliseconds or an ISO date")
    try:
        value = feature.dtype(item)
        whole = feature.dtype is float or value == item or isinstance(item, str)
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        kind = "whole number" if feature.dtype is int else "number"
        comma = isinstance(item, str) and re.fullmatch(r"-?\d+,\d+", item)
        hint = "; for decimal commas set decimal: ','" if comma else ""
        raise _Fault(f"{given} is not a {kind}{hint}")
    if feature.dtype is float and not math.isfinite(value):
        raise _Fault(f"{given} is not finite")
    low, high = feature.minimum, feature.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = " to ".join("any" if bound is None else f"{bound:g}" for bound in (low, high))
        raise _Fault(f"{given} is outside the range {bounds}")
    if abs(value) > _LARGEST[feature.dtype]:
        raise _Fault(f"{given} is too large to be stored")
    return value


def _shown(item: Any, feature: Feature) -> str:
    if feature.pii:
        return "(personal, not shown)"
    text = repr(item)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
