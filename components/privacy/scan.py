"""Looks for values in all files of a folder, also in those that are compressed."""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from google.protobuf.text_encoding import CEscape
from markupsafe import escape

from schemas import InputError

_BLOCK = 1 << 22
# An archive that is cut off, damaged or locked, and a file that this user may not read.
_UNREAD = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError,
           NotImplementedError)
_DEPTH = 4  # compressions of one file, such as a .gz in a .zip
_WITHIN = 2  # forms of a value within one another, such as JSON within JSON
_PACKED: tuple[tuple[re.Pattern[bytes], Callable[[Any], Any]], ...] = (
    (re.compile(rb"\x1f\x8b"), gzip.open), (re.compile(rb"\xfd7zXZ\0"), lzma.open),
    (re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.open))


def scan(folder: Path, values: Sequence[bytes], left_out: Sequence[str] = ()
         ) -> dict[str, dict[int, int]]:
    """Counts where values are.

    Args:
      folder: The folder.
      values: What is looked for.
      left_out: Names in the folder that are not looked into, such as that of the data themselves.

    Returns:
      By file, relative to the folder, how often it has each value, by the value's place. A member
      of an archive is `file!member`, and a name of a file counts as its content.

    Raises:
      InputError: A file cannot be read, so that nobody knows what it holds.
    """
    written = [_written(value) for value in values]
    places: dict[str, dict[int, int]] = {}
    for path in _files(folder, left_out):
        name = path.relative_to(folder)
        try:
            for where, blocks in _contents(path, str(name)):
                hits = _count(blocks, written)
                hits.update(_count(iter([os.fsencode(name)]), written))
                if hits:
                    places[where] = dict(hits)
        except _UNREAD as error:
            raise _not_scanned(path, error) from error
    return places


def _files(folder: Path, left_out: Sequence[str]) -> list[Path]:
    """Returns the files of a folder; one whose folder cannot be read is not left out in silence."""
    def refuse(error: OSError) -> None:
        raise _not_scanned(Path(error.filename), error) from error

    files = []
    for inside, folders, names in os.walk(folder, onerror=refuse):
        if Path(inside) == folder:
            folders[:] = [name for name in folders if name not in left_out]
            names = [name for name in names if name not in left_out]
        files += [path for name in names if (path := Path(inside, name)).is_file()
                  and not path.is_symlink()]
    return sorted(files)


def _not_scanned(path: Path, error: Exception) -> InputError:
    return InputError("file-not-scanned",
                      f"{path} cannot be read to its end ({error}), so that nobody knows what it "
                      "holds. Delete it if it is of no use, else make it whole, and scan again.")


def _contents(path: Path, name: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    with path.open("rb") as file:
        yield from _unpacked(file, name, _DEPTH)


def _unpacked(file: IO[bytes], name: str, depth: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yields a file's content, decompressed as often as it is compressed, by its name."""
    start = file.read(10)
    file.seek(0)
    kind = next((one for begins, one in _PACKED if begins.match(start)), None)
    if depth and kind is not None:
        with kind(file) as unpacked:
            yield from _unpacked(unpacked, name, depth - 1)
    elif depth and start[:4] == b"PK\x03\x04" and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for member in archive.namelist():
                with archive.open(member) as unpacked:
                    yield from _unpacked(unpacked, f"{name}!{member}", depth - 1)
    else:
        file.seek(0)
        yield name, _blocks(file)


def _written(value: bytes) -> set[bytes]:
    """Returns a value as files have it, of forms within others the shorter ones alone.

    It may be in JSON with codes or without, in HTML, in an address, in a text of protobuf, as
    Python shows bytes and texts, and in one of these within another; or as NumPy keeps texts.
    """
    forms = {value}
    for _ in range(_WITHIN):
        forms |= {escaped(one) for one in forms for escaped in _ESCAPES}
    text = value.decode("utf-8", "surrogateescape")
    forms |= {text.encode(encoding, "surrogatepass") for encoding in ("utf-16-le", "utf-32-le")}
    return {one for one in forms if not any(other in one for other in forms - {one})}


def _as_text(escape: Callable[[str], str]) -> Callable[[bytes], bytes]:
    return lambda value: escape(value.decode("utf-8", "surrogateescape")).encode(
        "utf-8", "surrogateescape")


_ESCAPES: tuple[Callable[[bytes], bytes], ...] = (
    _as_text(lambda text: json.dumps(text)[1:-1]),
    _as_text(lambda text: json.dumps(text, ensure_ascii=False)[1:-1]),
    _as_text(lambda text: str(escape(text))), _as_text(lambda text: repr(text)[1:-1]),
    lambda value: repr(value)[2:-1].encode(), lambda value: CEscape(value, False).encode(),
    _as_text(lambda text: CEscape(text, True)),  # type: ignore[arg-type]
    lambda value: quote(value).encode())


def _blocks(file: IO[bytes] | io.BufferedIOBase) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _count(blocks: Iterator[bytes], values: Sequence[set[bytes]]) -> Counter[int]:
    """Counts values in blocks of bytes, by their place; each has several forms."""
    hits: Counter[int] = Counter()
    forms = [(place, form) for place, written in enumerate(values) for form in written]
    overlap = max((len(form) for _, form in forms), default=1) - 1
    before = b""
    for block in blocks:
        for place, value in forms:
            # What ends in the part that was seen already has been counted.
            start = max(0, len(before) - len(value) + 1)
            hits[place] += (before + block).count(value, start)
        before = (before + block)[-overlap:] if overlap else b""
    return +hits
