"""The hard rules of a schema, applied to one record.

A fault in an id, a timestamp, a label or a required column costs the row; a fault in any other
column costs only that value. What a schema merely expects (known strings, shares of missing
values, drift) is judged later, over the whole table, by ExampleValidator.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from components.media import MediaFault, read_media
from components.sources.base import Record
from schemas import MEDIA, Feature, FeatureSpec


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


def check(record: Record, spec: FeatureSpec, side: str) -> Checked:
    """Converts a record's values to its schema's types and applies the hard rules.

    Args:
      record: The record as read.
      spec: The dataset's spec.
      side: The table that the record belongs to.

    Returns:
      The converted values, or why the row or some of its values are left out.
    """
    checked = Checked(value_faults=list(record.faults))
    label_columns = {label.feature for label in spec.labels}
    for feature in spec.table(side):
        if feature.derived:
            continue
        hard = feature.required or feature.role is not None or (
            side == "interactions" and feature.name in label_columns
        )
        try:
            values = _convert(record.values.get(feature.name), feature)
            if not values and (feature.required or feature.role in ("user_id", "item_id")):
                raise _Fault(f"{feature.name} is missing")
        except (_Fault, MediaFault) as fault:
            if hard:
                # What the source saw, such as a wrong number of fields, explains what is missing.
                checked.row_fault = "; ".join(record.faults) or str(fault)
                return checked
            checked.value_faults.append(str(fault))
            continue
        if values:
            checked.values[feature.name] = values
    return checked


def _convert(raw: Any, feature: Feature) -> list[Any]:
    if raw is None or raw == "":
        return []
    if feature.modality in MEDIA:
        try:
            return [read_media(raw, str(feature.modality))]
        except MediaFault as fault:
            raise _Fault(f"{feature.name}: {fault}") from fault
    items = raw if isinstance(raw, list | tuple) else [raw]
    if feature.max_values and len(items) > feature.max_values:
        raise _Fault(f"{feature.name} has {len(items)} values, at most {feature.max_values} fit")
    return [_scalar(item, feature) for item in items if item is not None and item != ""]


def _scalar(item: Any, feature: Feature) -> Any:
    if feature.dtype is bytes:
        return item if isinstance(item, bytes) else str(item).encode("utf-8")
    try:
        value = int(item) if feature.dtype is int else float(item)
    except (TypeError, ValueError, OverflowError):
        kind = "whole number" if feature.dtype is int else "number"
        raise _Fault(f"{feature.name} {item!r} is not a {kind}") from None
    if not math.isfinite(value):
        raise _Fault(f"{feature.name} {item!r} is not finite")
    low, high = feature.minimum, feature.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"from {'-inf' if low is None else f'{low:g}'} to {'inf' if high is None else f'{high:g}'}"
        raise _Fault(f"{feature.name} {value:g} is outside the range {bounds}")
    if feature.dtype is int and abs(value) >= 2**63:
        raise _Fault(f"{feature.name} {item!r} does not fit 64 bits")
    return value
