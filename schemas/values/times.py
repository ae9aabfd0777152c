"""Moments as users write them, to whole seconds since 1970 in UTC; the order within a second."""

import datetime
import hashlib
import math
import re
from typing import Any

# Seconds reach this number in the year 5138; milliseconds passed it in 1973.
MILLISECONDS_FROM = 10**11
# Beyond it, microseconds and nanoseconds begin: no moment, rather than one in a far future.
_NO_MOMENT_FROM = 10**14
_FIRST = 631152000  # 1990 in seconds; events are hardly older
_DAY = 86400
_SURE_BELOW = 2 * 10**9  # no date in digits is a second from 1990 to this one, in 2033
_WHOLE = re.compile(r"-?[0-9]{1,20}")
_DECIMAL = re.compile(r"-?[0-9]{1,20}\.[0-9]*")
# Digits that are a date: of 8, 12 or 14 places none is a moment that data have, as a number.
_COMPACT = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
                      r"(([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?)?")
# Dates and times that ISO 8601 writes a little otherwise: 2024/5/1 9:05, 2024-05-01 09:05 UTC.
_DATED = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[T ]\s*([0-9]{1,2})(:.*?)?)?"
                    r"(?:\s*(UTC|GMT))?", re.DOTALL)
_HOURLY = re.compile(r"20[0-9]{8}")


def likely_range() -> tuple[int, int]:
    """Returns the seconds between which events are: from 1990 to the end of tomorrow."""
    now = datetime.datetime.now(datetime.UTC)
    return _FIRST, (int(now.timestamp()) // _DAY + 2) * _DAY - 1


def to_seconds(value: Any, latest: float | None = None) -> int | None:
    """Reads a moment.

    Args:
      value: Seconds or milliseconds as a number or as text, an ISO 8601 date or date and time as
        text (UTC where it names no zone), a `datetime`, or digits that are a date, as a number or
        as text: `20240501`, with minutes or seconds `202405011200` or `20240501120000`.
      latest: Largest second that is allowed, `None` for any. A column of small numbers, such as
        seconds since a start of its own, says so; its digits are no dates.

    Returns:
      Whole seconds, rounded down, or `None` where the value is no moment.

    Example:
      `to_seconds("2024-05-01T12:00:00Z")` and `to_seconds(1714564800000)` are 1714564800.
    """
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text):
            value = int(text)
        elif _DECIMAL.fullmatch(text):
            value = float(text)
        else:
            return _iso_seconds(text)
    if isinstance(value, datetime.datetime):
        return _at(value)
    if isinstance(value, datetime.date):
        return _at(datetime.datetime.combine(value, datetime.time()))
    if isinstance(value, bool):
        return None
    try:
        number = math.floor(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if abs(number) >= _NO_MOMENT_FROM:
        return None
    seconds = number // 1000 if abs(number) >= MILLISECONDS_FROM else number
    if _FIRST <= seconds < _SURE_BELOW:
        return seconds
    dated = date_of_digits(number)
    if dated is None or (latest is not None and seconds <= latest < dated):
        return seconds
    return dated


def date_of_digits(number: int) -> int | None:
    """Returns the second of a date that is written in digits alone, `None` for other numbers.

    Digits to the hour, such as 2024050112, are a date only while they are a future second.
    """
    text = str(number)
    if not (_COMPACT.fullmatch(text)
            or (_HOURLY.fullmatch(text) and number > likely_range()[1])):
        return None
    month, day, hour, minute, second = (
        int(text[place : place + 2] or 0) for place in range(4, 14, 2))
    try:
        return _at(datetime.datetime(int(text[:4]), month, day, hour, minute, second))
    except ValueError:
        return None


def _iso_seconds(text: str) -> int | None:
    if not text.isascii():
        return None
    dated = _DATED.fullmatch(text)
    if dated:
        year, _, month, day, hour, rest, zone = dated.groups(default="")
        text = f"{year}-{month:0>2}-{day:0>2} {hour or '0':0>2}{rest or ':00'}{zone and 'Z'}"
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return _at(moment)


def _at(moment: datetime.datetime) -> int:
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return math.floor(zoned.timestamp())


def tie_break(user: str, item: str) -> bytes:
    """Returns a sort key for the events of one user in one second.

    Ties must not be in the order of item ids: under a split that orders ties by id, the newest
    id of a history would betray which ids come next.

    Args:
      user: The user's id.
      item: The item's id.

    Returns:
      Eight bytes that depend on nothing else.
    """
    return hashlib.blake2b(f"{user}/{item}".encode(), digest_size=8).digest()
