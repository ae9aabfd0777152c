"""Looks for values in all files of a folder, also in those that are compressed."""

import gzip
import io
import json
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from markupsafe import escape

from schemas import InputError

_BLOCK = 1 << 22
# An archive that is cut off, damaged or locked, and a file that this user may not read.
_UNREAD = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)


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
        start = file.read(4)
        file.seek(0)
        if start[:2] == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                yield name, _blocks(unpacked)
        elif start == b"PK\x03\x04" and zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                for member in archive.namelist():
                    with archive.open(member) as unpacked:
                        yield f"{name}!{member}", _blocks(unpacked)
        else:
            yield name, _blocks(file)


def _written(value: bytes) -> set[bytes]:
    """Returns a value as files have it: as it is, in JSON with codes or without, and in HTML."""
    text = value.decode("utf-8", "surrogateescape")
    texts = {str(escape(text)), *(json.dumps(text, ensure_ascii=ascii_alone)[1:-1]
                                  for ascii_alone in (True, False))}
    return {value, *(one.encode("utf-8", "surrogateescape") for one in texts)}


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
