"""A column through an encoder, in batches of one size; what was encoded before is known."""

import hashlib
import logging
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from schemas import TesseraError

_DIGEST = 16  # bytes
_DAMAGED = (ValueError, KeyError, EOFError, zipfile.BadZipFile)
log = logging.getLogger("tessera.media_encoder")
Encode = Callable[[tf.Tensor], dict[str, tf.Tensor]]


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
            try:
                with np.load(path) as batch:
                    self._remember(batch["digests"], path)
            except _DAMAGED:  # as after a power failure; what it held is encoded again
                log.warning("MediaEncoder: %s is damaged and not used.", path)

    def __contains__(self, content: bytes) -> bool:
        """Returns whether the vector of this digest is known."""
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


def read_column(files: list[str], identity: str, column: str) -> Iterator[tuple[str, bytes]]:
    """Reads a column of raw Examples.

    Args:
      files: Files of compressed Examples.
      identity: The column of the row's id.
      column: The column to read.

    Yields:
      Each row's id and its value, empty where it has none.
    """
    for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        key = feature[identity]
        names = key.bytes_list.value or key.int64_list.value
        name = names[0].decode("utf-8") if key.bytes_list.value else str(names[0])
        values = feature[column].bytes_list.value
        yield name, values[0] if values else b""


def encode_column(
    rows: Iterable[tuple[str, bytes]], encode: Encode, batch_size: int, cache: VectorCache
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Encodes what the cache does not know yet; equal contents are encoded once.

    Args:
      rows: Ids and raw values.
      encode: See `trainer.encoders.encoder.Encoder.encode`.
      batch_size: Values in every call; a smaller rest is filled up with values that are none.
      cache: Vectors that are known, and where new ones go.

    Returns:
      The ids, the vectors `(rows, ...)`, and 1.0 where there is one, `(rows,)`.

    Raises:
      TesseraError: The encoder gave something else than finite numbers.
    """
    ids: list[str] = []
    digests: list[bytes | None] = []
    waiting: dict[bytes, tuple[str, bytes]] = {}
    for name, value in rows:
        digest = content_digest(value) if value else None
        ids.append(name)
        digests.append(digest)
        if digest is not None and digest not in cache:
            waiting[digest] = name, value
        if len(waiting) == batch_size:
            _encode_batch(waiting, encode, batch_size, cache)
    if waiting:
        _encode_batch(waiting, encode, batch_size, cache)
    return ids, *cache.rows(digests)


def _encode_batch(waiting: dict[bytes, tuple[str, bytes]], encode: Encode, batch_size: int,
                  cache: VectorCache) -> None:
    """Encodes what waits, and forgets it."""
    names, values = zip(*waiting.values(), strict=True)
    output = encode(tf.constant([*values, *[b""] * (batch_size - len(values))], tf.string))
    vectors = output["vector"].numpy()[: len(values)]
    for name, vector in zip(names, vectors, strict=True):
        if not np.isfinite(vector).all():
            raise TesseraError("encoder-not-finite",
                               f"The encoder makes numbers of the content of {name!r} that are "
                               "not finite. Take another encoder, or correct that content.")
    cache.add(list(waiting), vectors, output["present"].numpy()[: len(values)])
    waiting.clear()
