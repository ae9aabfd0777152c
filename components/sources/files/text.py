"""Text files, compressed or not, and what is wrong with them as a whole."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from schemas.errors import InputError

_BLOCK = 1 << 16
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, UnicodeDecodeError)


class Place:
    """How far a file was read.

    Attributes:
      line: The last line or row that was read whole.
    """

    line = 0


@contextmanager
def reading(path: Path) -> Iterator[Place]:
    """Turns whatever ends the reading of a file too early into one message.

    A file that breaks off is an error and no line of the quarantine: nobody knows how many rows
    are behind the break, so no count would be true and no share of the rows could stop the run.

    Args:
      path: The file.

    Yields:
      Where the reader notes how far it came.

    Raises:
      InputError: The file cannot be opened, or breaks off.
    """
    place = Place()
    try:
        yield place
    except PermissionError as error:
        raise forbidden(path, error) from error
    except _BROKEN as error:
        why = str(error) or type(error).__name__
        raise InputError(
            f"File {path} cannot be read further than line {place.line} ({why}). It is damaged, "
            "cut short, or of another compression or encoding than its name and the "
            "configuration say: replace it, or set 'encoding'."
        ) from error


def forbidden(path: Path, error: PermissionError) -> InputError:
    """Builds the error of a file that this user may not read."""
    return InputError(f"File {path} cannot be read ({error.strerror}). Give yourself the right to "
                      "read it.")


def open_text(path: Path, encoding: str) -> IO[str]:
    """Opens a text file, compressed (.gz, .bz2, .xz) or not, without its byte-order mark.

    A byte that the encoding does not know becomes a lone surrogate, so that it costs its own value
    only (`values.check_value`) and no two ids become one.
    """
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    opener = _OPENERS.get(path.suffix.lower(), open)
    raw = opener(path, "rb")
    return io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline="")


def first_lines(path: Path, encoding: str) -> list[str]:
    """Returns the lines of a file's start, after a check that they are text.

    Raises:
      InputError: The file is empty, or its encoding is another one.
    """
    with reading(path), open_text(path, encoding) as lines:
        start = lines.readlines(_BLOCK)
    if not "".join(start).strip():
        raise InputError(f"File {path} is empty. Give one with rows, or leave it out.")
    start[0] = start[0].lstrip("\ufeff")
    if "\x00" in start[0]:
        raise InputError(f"File {path} is no text in {encoding}: it holds zero bytes. "
                         "Set 'encoding' (perhaps utf-16), or save it as UTF-8.")
    special = [(number, line) for number, line in enumerate(start, 1) if not line.isascii()]
    wrong = [number for number, line in special if has_unknown_bytes(line)]
    # A damaged line or two are faults of their rows; where most are wrong, the encoding is.
    if len(wrong) > max(1, len(special) // 2):
        raise InputError(
            f"File {path} is no text in {encoding}: {len(wrong)} of the first {len(start)} lines "
            f"hold bytes that it does not know, the first is line {wrong[0]}. Set 'encoding' "
            "(perhaps latin-1), or save it as UTF-8."
        )
    return start


def has_unknown_bytes(line: str) -> bool:
    """Tells whether a line holds bytes that its file's encoding does not know."""
    return any("\udc80" <= character <= "\udcff" for character in line)


class _Streams(io.RawIOBase):
    """Decompresses the streams of a file one after the other.

    Python's own `bz2` and `lzma` take a stream whose start is damaged for padding and end there,
    without a word about the rows that are lost.
    """

    def __init__(self, path: Path, decoder: Callable[[], Any]):
        self._file = path.open("rb")
        self._new = decoder
        self._decoder = decoder()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            found = b""
            if self._decoder.eof:
                found = self._decoder.unused_data or self._file.read(_BLOCK)
                while found and not found.strip(b"\0"):  # padding, which .xz allows
                    found = self._file.read(_BLOCK)
                if not found:
                    return 0
                found = found.lstrip(b"\0")
                self._decoder = self._new()
            elif self._decoder.needs_input:
                found = self._file.read(_BLOCK)
                if not found:
                    raise EOFError("the file ends before the end of its compressed data")
            data = self._decoder.decompress(found, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _streams(decoder: Callable[[], Any]) -> Callable[[Path, str], IO[bytes]]:
    return lambda path, _: io.BufferedReader(_Streams(path, decoder))


_OPENERS: dict[str, Any] = {
    ".gz": gzip.open, ".bz2": _streams(bz2.BZ2Decompressor), ".xz": _streams(lzma.LZMADecompressor),
}
