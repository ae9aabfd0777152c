"""The frames of a file that Zstandard compressed, none of which may refer back too far.

pyarrow's decompressor takes windows up to 128 MiB and has no setting for it.
"""

import io
from collections.abc import Callable, Generator
from typing import Any, BinaryIO

_FRAME, _SKIPPED = b"\x28\xb5\x2f\xfd", range(0x184D2A50, 0x184D2A60)
_ID_BYTES = (0, 1, 2, 4)
_RLE = 1  # a block of one byte that is repeated


class ZstdFrames(io.RawIOBase):
    """The same bytes, as far as no frame has a larger window.

    Args:
      file: The compressed file.
      most: Bytes of the largest window.
      fault: Makes the error of a frame that has more.
    """

    def __init__(self, file: BinaryIO, most: int, fault: Callable[[], Exception]):
        self._file, self._most, self._fault = file, most, fault
        self._walk = self._frames()
        self._wanted = next(self._walk)  # bytes that the walk waits for; below zero: to skip
        self._seen = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self._look(data)
        buffer[: len(data)] = data
        return len(data)

    def _look(self, data: bytes) -> None:
        place = 0
        while place < len(data):
            if self._wanted <= 0:
                step = min(-self._wanted, len(data) - place)
                self._wanted, place = self._wanted + step, place + step
                if self._wanted == 0:
                    self._wanted = self._walk.send(b"")
                continue
            part = data[place:place + self._wanted - len(self._seen)]
            self._seen, place = self._seen + part, place + len(part)
            if len(self._seen) == self._wanted:
                seen, self._seen = self._seen, b""
                self._wanted = self._walk.send(seen)

    def _frames(self) -> Generator[int, bytes, None]:
        """Yields how many bytes it wants to see next, below zero how many it skips."""
        while True:
            magic = yield 4
            if int.from_bytes(magic, "little") in _SKIPPED:
                length = int.from_bytes((yield 4), "little")
                if length:
                    yield -length
                continue
            while magic != _FRAME:  # no frame; the decompressor says so
                yield -(1 << 62)
            (flags,) = yield 1
            alone, checked = flags & 0x20, flags & 0x04
            window = 0
            if not alone:
                (size,) = yield 1
                window = (1 << 10 + (size >> 3)) // 8 * (8 + (size & 7))
            if length := _ID_BYTES[flags & 3]:
                yield -length
            if length := (1 << (flags >> 6)) if flags >> 6 or alone else 0:
                content = int.from_bytes((yield length), "little")
                window = content if alone else window
            if window > self._most:
                raise self._fault()
            last = 0
            while not last:
                block = int.from_bytes((yield 3), "little")
                last, kind, length = block & 1, block >> 1 & 3, block >> 3
                if length:
                    yield -(1 if kind == _RLE else length)
            if checked:
                yield -4
