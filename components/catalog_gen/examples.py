"""Rows as tf.train.Example.

The messages are put together here rather than by protobuf's classes: their fields are nested
lengths and contents, and a table has millions of rows, whose histories repeat the same values.

Source: protobuf.dev/programming-guides/encoding and tensorflow/core/example/example.proto.
"""

import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from schemas import Feature, FeatureSpec

_CACHED = 1 << 16
# Tags of fields with a length: number 1, 2 and 3.
_FIRST, _SECOND, _THIRD = b"\x0a", b"\x12", b"\x1a"


class Encoder:
    """Serializes the rows of a table; equal rows become equal bytes."""

    def __init__(self, spec: FeatureSpec, side: str):
        """Prepares for one table.

        Args:
          spec: The dataset's spec, which gives each column's type.
          side: The table.
        """
        features = sorted(spec.table(side), key=lambda f: f.name)
        self._columns = [
            (feature.name, _Column(feature, _repeats(feature, spec))) for feature in features]

    def encode(self, row: dict[str, list[Any]]) -> bytes:
        """Serializes a row; columns without a value are left out.

        Args:
          row: Lists of `int`, `float` or `bytes` by column.

        Returns:
          A serialized `tf.train.Example`.
        """
        entries: list[bytes] = []
        for name, column in self._columns:
            if values := row.get(name):
                entries += column.entry(values)
        return _field(_FIRST, b"".join(entries))


def _repeats(feature: Feature, spec: FeatureSpec) -> bool:
    """Tells whether many rows have the same values: ids and types, alone or in histories."""
    source = spec.history_source(feature.history) if feature.history else feature
    return source.role is not None


class _Column:
    """One column of an Example, an entry of its map of features."""

    def __init__(self, feature: Feature, repeats: bool):
        self._key = _field(_FIRST, feature.name.encode())
        self._packed = feature.dtype is not bytes
        kinds: dict[type, tuple[bytes, Callable[[Any], bytes]]] = {
            bytes: (_FIRST, _identities if repeats else _texts),
            float: (_SECOND, _floats),
            int: (_THIRD, _integers),
        }
        self._kind, self._write = kinds[feature.dtype]
        self._heads: dict[int, bytes] = {}

    def entry(self, values: list[Any]) -> tuple[bytes, bytes]:
        """Returns everything before the values, which depends on their length alone, and them."""
        content = self._write(values)
        length = len(content)
        head = self._heads.get(length)
        if head is None:
            head = self._head(length)
            if length < len(_LENGTHS):
                self._heads[length] = head
        return head, content

    def _head(self, length: int) -> bytes:
        head = b""
        for tag in (_FIRST, self._kind, _SECOND) if self._packed else (self._kind, _SECOND):
            head = tag + _varint(length + len(head)) + head
        return _FIRST + _varint(length + len(self._key) + len(head)) + self._key + head


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # a negative number is its two's complement
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_LENGTHS = tuple(_varint(length) for length in range(1 << 14))


def _field(tag: bytes, content: bytes) -> bytes:
    length = len(content)
    return tag + (_LENGTHS[length] if length < len(_LENGTHS) else _varint(length)) + content


_cached_varint = lru_cache(_CACHED)(_varint)


@lru_cache(_CACHED)
def _identity(value: bytes) -> bytes:
    return _field(_FIRST, value)


def _identities(values: Iterable[bytes]) -> bytes:
    return b"".join(map(_identity, values))


def _texts(values: Iterable[bytes]) -> bytes:
    return b"".join([_field(_FIRST, value) for value in values])


def _integers(values: Iterable[int]) -> bytes:
    return b"".join(map(_cached_varint, values))


def _floats(values: list[float]) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)
