"""Rows on disk between two steps of ingest, in parts by a hash of their id."""

import marshal
import socket
import uuid
import zlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from schemas import InputError

PARTS = 1024
_BLOCK_ROWS = 1 << 16
_BLOCK_BYTES = 1 << 26
# The last version of marshal whose bytes depend on nothing but the values.
_VERSION = 2


def own_path(scratch: str, name: str) -> str:
    """Returns a path that no other attempt at the same work has.

    An engine tries a bundle again whose worker died or was cut off, and that worker may write on.

    Args:
      scratch: The folder for files in between.
      name: What the path's name begins with.

    Raises:
      InputError: This worker does not see the folder.
    """
    if not Path(scratch).is_dir():
        raise InputError(
            "scratch-not-reached",
            f"A worker on {socket.gethostname()} does not see the folder {scratch}, in which "
            "ingest keeps rows between its steps. Mount the root and the data at the same paths "
            "on the machines of all workers.")
    return f"{scratch}/{name}-{uuid.uuid4().hex}"


def part_of(identity: bytes | int | float) -> int:
    """Returns the part of an id, from 0 to `PARTS` - 1; the same on every machine."""
    text = identity if isinstance(identity, bytes) else str(identity).encode()
    return zlib.crc32(text) % PARTS


class SpillWriter:
    """Writes rows, tuples of what `marshal` knows, to a new file while it is entered."""

    def __init__(self, path: str):
        """Names the file; a second one beside it has the place of each part's start."""
        self._path = Path(path)
        self._parts: defaultdict[int, list[tuple]] = defaultdict(list)
        self._rows = self._bytes = 0
        self._offsets: list[list[int]] = []

    def __enter__(self) -> "SpillWriter":
        self._file = self._path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._flush()
        np.save(_offsets_path(self._path), np.array(self._offsets, np.int64))

    def add(self, identity: Any, row: tuple, size: int) -> None:
        """Adds a row.

        Args:
          identity: The id that decides the row's part.
          row: The row.
          size: Bytes of its texts and media, as far as they have no bound.
        """
        self._parts[part_of(identity)].append(row)
        self._rows += 1
        self._bytes += size
        if self._rows >= _BLOCK_ROWS or self._bytes >= _BLOCK_BYTES:
            self._flush()

    def _flush(self) -> None:
        offsets = [self._file.tell()]
        for part in range(PARTS):
            content = b""
            if part in self._parts:
                content = marshal.dumps(self._parts[part], _VERSION)
                self._file.write(content)
            offsets.append(offsets[-1] + len(content))
        self._offsets.append(offsets)
        self._parts.clear()
        self._rows = self._bytes = 0


def read_spill(path: str, parts: range) -> Iterator[tuple]:
    """Yields the rows of some parts; rows of equal ids in the order in which they were added.

    Args:
      path: The file that a `SpillWriter` wrote.
      parts: Which parts.
    """
    with Path(path).open("rb") as file:
        for offsets in np.load(_offsets_path(Path(path)), mmap_mode="r"):
            bounds = offsets[parts.start : parts.stop + 1].tolist()
            if bounds[0] == bounds[-1]:
                continue
            file.seek(bounds[0])
            content = memoryview(file.read(bounds[-1] - bounds[0]))
            for start, stop in pairwise(bounds):
                if start < stop:
                    yield from marshal.loads(content[start - bounds[0] : stop - bounds[0]])


def _offsets_path(path: Path) -> Path:
    return path.with_suffix(".offsets.npy")
