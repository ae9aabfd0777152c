"""What media the data hold: a few pictures, small enough for the page, and lengths."""

import base64
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from PIL import Image

from components.splits import split_folders
from schemas import Feature, FeatureSpec
from schemas.values.text import NOT_SHOWN, as_text
from trainer.modalities import modality_of

_PIXELS = 96
_Ranked = tuple[int, int, str, bytes]  # rank, place, row, picture


def sample_pictures(
    uri: str, spec: FeatureSpec, feature: Feature, count: int
) -> tuple[list[dict[str, Any]], int]:
    """Takes some pictures of a column: most at random, and those of the smallest files.

    A picture without content is a small file: black ones, placeholders. The same pictures are
    chosen in each run that has them.

    Args:
      uri: Folder of the table's `Examples`.
      spec: The dataset's spec.
      feature: The column, of a modality that is pictured.
      count: Most pictures to take; a third of them are the smallest.

    Returns:
      `{"row", "picture", "chosen"}` for each picture, `picture` being a data URI of a JPEG of at
      most 96 pixels a side and `chosen` `"random"` or `"smallest"`; and how many of those that were
      chosen could not be decoded.
    """
    smallest: list[_Ranked] = []
    others: list[_Ranked] = []
    for place, (row, encoded) in enumerate(_pictures(uri, spec, feature)):
        out = _kept(smallest, (len(encoded), place, row, encoded), count // 3)
        if out is not None:
            _, place, row, encoded = out
            rank = int.from_bytes(hashlib.blake2b(encoded, digest_size=6).digest())
            _kept(others, (rank, place, row, encoded), count - count // 3)
    samples: list[dict[str, Any]] = []
    broken = 0
    for chosen, ranked in (("random", others), ("smallest", smallest)):
        for *_, row, encoded in sorted(ranked, key=lambda one: one[:2]):
            try:
                picture = _thumbnail(modality_of(feature).picture(encoded))
            except Exception:  # Pillow raises whatever a format's plugin raises.
                broken += 1
                continue
            samples.append({"row": row, "picture": picture, "chosen": chosen})
    return samples, broken


def _kept(ranked: list[_Ranked], one: _Ranked, most: int) -> _Ranked | None:
    """Adds to the lowest ones; returns the one that is none of them, if there are too many."""
    ranked.append(one)
    if len(ranked) <= most:
        return None
    highest = max(ranked, key=lambda other: other[:2])
    ranked.remove(highest)
    return highest


def _pictures(uri: str, spec: FeatureSpec, feature: Feature) -> Iterator[tuple[str, bytes]]:
    roles = [name for name in ("item_id", "user_id") if spec.has_role(name, feature.side)]
    key = spec.role(roles[0], feature.side)
    for example in _examples(uri):
        if encoded := example.features.feature[feature.name].bytes_list.value:
            yield (NOT_SHOWN if key.pii else _first(example.features.feature[key.name]),
                   encoded[0])


def seconds(uri: str, feature: Feature, count: int) -> dict[str, Any] | None:
    """Measures the first values of a column, as ingest kept them.

    Args:
      uri: Folder of the table's `Examples`.
      feature: The column, of a modality that is timed.
      count: Most values to measure.

    Returns:
      `{"sounds", "shortest", "mean", "longest"}`, all but the first in seconds, or `None` where
      there is no value.
    """
    lengths: list[float] = []
    for example in _examples(uri):
        for value in example.features.feature[feature.name].bytes_list.value:
            lengths.append(modality_of(feature).seconds(value))
        if len(lengths) >= count:
            break
    if not lengths:
        return None
    return {"sounds": len(lengths), "shortest": min(lengths), "mean": sum(lengths) / len(lengths),
            "longest": max(lengths)}


def _examples(uri: str) -> Iterator[tf.train.Example]:
    for folder in split_folders(uri).values():
        files = sorted(str(path) for path in folder.glob("*.gz"))
        for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
            yield tf.train.Example.FromString(record)


def _first(feature: tf.train.Feature) -> str:
    values = getattr(feature, feature.WhichOneof("kind") or "bytes_list").value
    value = values[0] if values else ""
    return as_text(value)


def _thumbnail(small: Image.Image) -> str:
    small.thumbnail((_PIXELS, _PIXELS))
    target = io.BytesIO()
    small.save(target, "JPEG", quality=80, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(target.getvalue()).decode("ascii")
