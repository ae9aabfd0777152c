"""Messages on a pipe: a kind, a length and bytes; nothing in them is code."""

import os
import struct

_HEAD = struct.Struct(">cQ")


class PipeClosed(Exception):
    """The other side is gone."""


def send(pipe: int, kind: bytes, content: bytes) -> None:
    """Writes a message to a file descriptor; `kind` is one byte."""
    for part in (_HEAD.pack(kind, len(content)), content):
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(pipe, rest):]


def receive(pipe: int) -> tuple[bytes, bytes]:
    """Reads a message from a file descriptor.

    Raises:
      PipeClosed: There is none, and none will come.
    """
    kind, length = _HEAD.unpack(_exactly(pipe, _HEAD.size))
    return kind, _exactly(pipe, length)


def _exactly(pipe: int, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        part = os.read(pipe, min(length - len(content), 1 << 20))
        if not part:
            raise PipeClosed
        content += part
    return bytes(content)
