"""Vectors that are known already, by the digest of what was encoded."""

import hashlib
import uuid
from pathlib import Path

import numpy as np

_DIGEST = 16  # bytes


class VectorCache:
    """Vectors of one version of one encoder, in files that each hold one encoded batch.

    A file appears whole, by a renaming, and is never changed; runs side by side may write at once.

    Args:
      folder: The folder of this version; made if it is missing.
      shape: Shape of a vector.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...]):
        self._folder, self._shape = folder, shape
        # The places of vectors; all that an encoder ever made need not fit into memory.
        self._places: dict[bytes, tuple[Path, int]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.npz")):
            with np.load(path) as batch:
                self._remember(batch["digests"], path)

    def __contains__(self, content: bytes) -> bool:
        """Tells whether the vector of this digest is known."""
        return content in self._places

    def add(self, digests: list[bytes], vectors: np.ndarray, present: np.ndarray) -> None:
        """Keeps a batch: vectors `(rows, ...)` and flags `(rows,)` for as many digests."""
        array = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), _DIGEST)
        partial = self._folder / f".{uuid.uuid4().hex}"
        try:
            with partial.open("wb") as file:
                np.savez(file, digests=array, vectors=vectors, present=present)
            path = partial.replace(self._folder / f"{uuid.uuid4().hex}.npz")
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        self._remember(array, path)

    def rows(self, digests: list[bytes | None]) -> tuple[np.ndarray, np.ndarray]:
        """Returns vectors `(rows, ...)` and flags `(rows,)`; `None` is a row without a value."""
        vectors = np.zeros((len(digests), *self._shape), np.float32)
        present = np.zeros(len(digests), np.float32)
        wanted: dict[Path, list[tuple[int, int]]] = {}
        for row, content in enumerate(digests):
            if content is not None:
                path, place = self._places[content]
                wanted.setdefault(path, []).append((row, place))
        for path, pairs in wanted.items():
            rows, places = map(list, zip(*pairs, strict=True))
            with np.load(path) as batch:
                vectors[rows], present[rows] = batch["vectors"][places], batch["present"][places]
        return vectors, present

    def _remember(self, digests: np.ndarray, path: Path) -> None:
        self._places.update((row.tobytes(), (path, place)) for place, row in enumerate(digests))


def content_digest(content: bytes) -> bytes:
    """Returns sixteen bytes that identify a content."""
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
