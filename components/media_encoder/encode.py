"""A column of a table through an encoder, in batches of one size."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from components.media_encoder.vectors import VectorCache, content_digest
from schemas import TesseraError

Encode = Callable[[tf.Tensor], dict[str, tf.Tensor]]


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
