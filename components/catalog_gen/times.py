"""Moments as users write them, to whole seconds since 1970 in UTC."""

import datetime
import math
from typing import Any

# Seconds reach this number in the year 5138; milliseconds passed it in 1973.
MILLISECONDS_FROM = 10**11
# Beyond it, microseconds and nanoseconds begin: no moment, rather than one in a far future.
_NO_MOMENT_FROM = 10**14


def to_seconds(value: Any) -> int | None:
    """Reads a moment.

    Args:
      value: Seconds or milliseconds as a number or as text, an ISO 8601 date or date and time as
        text (UTC where it names no zone), or a `datetime`. Digits without a dash are a number:
        "20240501" is no date.

    Returns:
      Whole seconds, rounded down, or `None` where the value is no moment.

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
        return math.floor(zoned.timestamp())
    if isinstance(value, datetime.date):
        midnight = datetime.datetime.combine(value, datetime.time(), datetime.UTC)
        return int(midnight.timestamp())
    if isinstance(value, bool):
        return None
    try:
        number = math.floor(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if abs(number) >= _NO_MOMENT_FROM:
        return None
    return number // 1000 if abs(number) >= MILLISECONDS_FROM else number
