"""Text files, compressed or not: how a table is laid out, and what is wrong with a whole file."""

import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from components.sources.files.compression import open_bytes
from schemas.errors import InputError

LONGEST = 1 << 24  # characters of a line, and of a field
_BLOCK = 1 << 16
_START = 1 << 20  # characters of a file's start, unless its first line is longer
_ENDS = ("\n", "\r")
_NAMES = 30
_NAME = 60
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, UnicodeError)
_MARKS = (  # the longer one first
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Layout:
    """What a reader of text has to know of a table.

    Attributes:
      delimiter: What separates the fields of CSV.
      encoding: How the text is encoded, where no byte-order mark says so.
      quotes: Fields may be quoted; else a quote is a character like any other.
      backslash: A backslash says that the character behind it is a plain one, as MySQL writes it.
      header: The first line names the columns; else they are called "1", "2" and so on.
      masked: The table has personal data, so that no message shows a line's fields: where there is
        no header, the first line is a person's.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    quotes: bool = True
    header: bool = True
    backslash: bool = False
    masked: bool = False

    def shown(self, fields: Sequence[str]) -> str:
        """Returns a line's fields for a message, or how many they are."""
        return f"{len(fields)} fields" if self.masked else shown(fields)


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
            "damaged-text-file",
            f"File {path} cannot be read further than line {place.line} ({why}). It is damaged, "
            "cut short, or of another encoding than the configuration says: replace it, or set "
            "'encoding'."
        ) from error


def forbidden(path: Path, error: PermissionError) -> InputError:
    """Builds the error of a file that this user may not read."""
    return InputError("unreadable-file",
                      f"File {path} cannot be read ({error.strerror}). Give yourself the right to "
                      "read it.")


def open_text(path: Path, encoding: str) -> IO[str]:
    """Opens a text file, compressed or not, without its byte-order mark.

    The mark says what the encoding is, whatever was given. A byte that the encoding does not know
    becomes a lone surrogate, so that it costs its own value only (`values.check_value`) and no two
    ids become one.
    """
    raw = open_bytes(path)
    start = raw.peek(4)
    encoding = next((name for mark, name in _MARKS if start.startswith(mark)), encoding)
    return io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline="")


def lines(file: IO[str]) -> Iterator[str]:
    """Yields the lines of a text.

    Of a line of more than `LONGEST` characters, which may be the whole of a file that is none of
    lines, one character more than that is yielded, and memory holds no more.
    """
    while line := file.readline(LONGEST + 1):
        goes_on = len(line) > LONGEST and not line.endswith(_ENDS)
        yield line
        while goes_on:
            rest = file.readline(_BLOCK)
            goes_on = bool(rest) and not rest.endswith(_ENDS)


def shown(names: Iterable[str]) -> str:
    """Returns names of columns for a message: some of them, and of long ones their start."""
    texts = [name if len(name) <= _NAME else f"{name[:_NAME]}..." for name in names]
    more = f" and {len(texts) - _NAMES} more" if len(texts) > _NAMES else ""
    return ", ".join(texts[:_NAMES]) + more


def printable(path: str) -> str:
    """Returns a path with the codes of bytes that are no UTF-8, which no page and log can hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def first_lines(path: Path, encoding: str) -> list[str]:
    """Returns the lines of a file's start, after a check that they are text.

    Raises:
      InputError: The file is empty, or its encoding is another one.
    """
    start: list[str] = []
    with reading(path), open_text(path, encoding) as file:
        size = 0
        for line in lines(file):
            size += len(line)
            if start and size > _START:
                break
            start.append(line)
            if size >= _BLOCK:
                break
    if not "".join(start).strip():
        raise InputError("empty-text-file",
                         f"File {path} is empty. Give one with rows, or leave it out.")
    start[0] = start[0].lstrip("\ufeff")
    if "\x00" in start[0]:
        raise InputError("zero-bytes",
                         f"File {path} is no text in {encoding}: it holds zero bytes. "
                         "Set 'encoding' (perhaps utf-16), or save it as UTF-8.")
    special = [(number, line) for number, line in enumerate(start, 1) if not line.isascii()]
    wrong = [number for number, line in special if has_unknown_bytes(line)]
    # A damaged line or two are faults of their rows; where most are wrong, the encoding is.
    if len(wrong) > max(1, len(special) // 2):
        raise InputError(
            "wrong-encoding",
            f"File {path} is no text in {encoding}: {len(wrong)} of the first {len(start)} lines "
            f"hold bytes that it does not know, the first is line {wrong[0]}. Set 'encoding' "
            "(perhaps latin-1), or save it as UTF-8."
        )
    return start


def has_unknown_bytes(line: str) -> bool:
    """Returns whether a line holds bytes that its file's encoding does not know."""
    return any("\udc80" <= character <= "\udcff" for character in line)
