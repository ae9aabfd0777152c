"""Moments as users write them, to whole seconds since 1970 in UTC."""

import datetime
from typing import Any

# Seconds reach this number in the year 5138; milliseconds passed it in 1973.
MILLISECONDS_FROM = 10**11


def to_seconds(value: Any) -> int | None:
    """Reads a moment.

    Args:
      value: Seconds or milliseconds as a number or as text, an ISO 8601 date or date and time as
        text (UTC where it names no zone), or a `datetime`.

    Returns:
      Whole seconds, or `None` where the value is no moment.

    Example:
      `to_seconds("2024-05-01T12:00:00Z")` and `to_seconds(1714564800000)` are 1714564800.
    """
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            try:
                value = datetime.datetime.fromisoformat(value.strip())
            except ValueError:
                return None
    if isinstance(value, datetime.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return int(zoned.timestamp())
    if isinstance(value, datetime.date):
        midnight = datetime.datetime.combine(value, datetime.time(), datetime.UTC)
        return int(midnight.timestamp())
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number // 1000 if abs(number) >= MILLISECONDS_FROM else number
