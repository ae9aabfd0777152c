"""How much a message holds, counted on its bytes before protobuf makes objects of them.

Two bytes can be a value and three an input, which take hundreds in memory: a message of 16 MiB took
more than 600.
"""

from functools import cache
from typing import Any

import numpy as np

from schemas.errors import InputError

SMALL_BYTES = 1 << 17  # what is smaller cannot take much, and is not looked at
MOST_VALUES = 1 << 18
OF_MESSAGE = 16  # a message within another takes the room of so many values
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # the kinds of fields on the wire
_EXACT_BYTES = 1024  # of fewer bytes of numbers, each counts as a number


def require_few_values(message: Any, data: bytes) -> None:
    """Refuses bytes of which protobuf would make more than a server has room for.

    Args:
      message: The message's class.
      data: Its bytes.

    Raises:
      InputError: They have too many values, or are no message.
    """
    if len(data) < SMALL_BYTES:
        return
    try:
        left = _left(data, 0, len(data), message.DESCRIPTOR, MOST_VALUES)
    except (IndexError, ValueError) as error:
        raise InputError("message-not-readable",
                         f"This is no {message.DESCRIPTOR.name}: a field has no end, or is of an "
                         "unknown kind.") from error
    if left < 0:
        raise InputError("too-many-values",
                         f"The message has more than {MOST_VALUES} values; an input or a dimension "
                         f"counts as {OF_MESSAGE}. Ask for less at once.")


def _left(data: bytes, place: int, end: int, descriptor: Any, left: int) -> int:
    """Counts the values of a message down, and ends below 0."""
    several = _several(descriptor)
    while place < end and left >= 0:
        left -= 1
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == _BYTES:
            size, place = _varint(data, place)
            inner = several.get(tag >> 3)
            if isinstance(inner, int):
                left -= _numbers(data, place, size, inner)
            elif inner is not None:
                left = _left(data, place, place + size, inner, left - OF_MESSAGE + 1)
            place += size
        elif kind == _VARINT:
            _, place = _varint(data, place)
        elif kind in (_FIXED32, _FIXED64):
            place += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError("a group, or a kind that there is not")
    if left >= 0 and place > end:
        raise ValueError("beyond the end")
    return left


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Reads a number of any length; returns it and the place behind it."""
    number = data[place]
    place += 1
    if number < 128:
        return number, place
    number, shift = number & 127, 7
    while True:
        byte = data[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, place
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than ten bytes")


def _numbers(data: bytes, place: int, size: int, width: int) -> int:
    """Returns how many numbers some bytes hold; of a width of 1 each ends with a byte below 128."""
    if width > 1 or not _EXACT_BYTES < size <= 10 * MOST_VALUES:
        return size // width
    return int(np.count_nonzero(np.frombuffer(data[place:place + size], np.uint8) < 128))


@cache
def _several(descriptor: Any) -> dict[int, Any]:
    """Returns what a message's fields hold several values in: messages, or numbers of a width."""
    widths = {1: 8, 2: 4}  # of a double and of a float
    fields = descriptor.fields
    numbers = {one.number: widths.get(one.type, 1) for one in fields
               if one.label == one.LABEL_REPEATED and one.cpp_type != one.CPPTYPE_STRING}
    return numbers | {one.number: one.message_type for one in fields if one.message_type}
