"""What media the data hold: a few pictures, small enough for the page, and lengths."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from PIL import Image

from components.data_report.splits import split_folders
from schemas import Feature, FeatureSpec
from schemas.values.text import NOT_SHOWN, as_text
from trainer.modalities import modality_of

_PIXELS = 96


def sample_pictures(
    uri: str, spec: FeatureSpec, feature: Feature, count: int
) -> tuple[list[dict[str, Any]], int]:
    """Takes the first pictures of a column, in the order of its files.

    Args:
      uri: Folder of the table's `Examples`.
      spec: The dataset's spec.
      feature: The column, of a modality that is pictured.
      count: Most pictures to take.

    Returns:
      `{"row", "picture"}` for each picture, `picture` being a data URI of a JPEG of at most 96
      pixels a side; and how many pictures on the way could not be decoded.
    """
    roles = [name for name in ("item_id", "user_id") if spec.has_role(name, feature.side)]
    key = spec.role(roles[0], feature.side)
    samples: list[dict[str, Any]] = []
    broken = 0
    for example in _examples(uri):
        encoded = example.features.feature[feature.name].bytes_list.value
        if not encoded:
            continue
        try:
            picture = _thumbnail(modality_of(feature).picture(encoded[0]))
        except Exception:  # Pillow raises whatever a format's plugin raises.
            broken += 1
            continue
        row = NOT_SHOWN if key.pii else _first(example.features.feature[key.name])
        samples.append({"row": row, "picture": picture})
        if len(samples) == count:
            break
    return samples, broken


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
