"""Whether the artifacts of two runs are equal, row by row and figure by figure."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_model_analysis as tfma
from google.protobuf import message, text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

CLOSE = 1e-8


def output(root: Path, node: str, key: str, which: int = -1) -> Path:
    """Returns the folder of a node's output.

    Args:
      root: A root.
      node: The node's id.
      key: The output's key.
      which: Its place among those of all executions.

    Raises:
      ValueError: The node has no such output.
    """
    folders = sorted(root.glob(f"artifacts/*/{node}/{key}/*"), key=lambda one: int(one.name))
    if not folders:
        raise ValueError(f"{node} has no output {key!r} under {root}.")
    return folders[which]


def compare(one: Path, other: Path, *steps: str) -> list[tuple[str, str, bool]]:
    """Compares what the data steps of two roots made.

    Args:
      one: A root.
      other: Another root.
      *steps: The steps, such as `Transform`; all of them by default.

    Returns:
      Node and output, what was compared, and whether it is equal, for each output.
    """
    rows = []
    for node, key, what, differences in _outputs():
        if steps and node.split(".")[0] not in steps:
            continue
        folders = (output(one, node, key), output(other, node, key))
        rows.append((f"{node}.{key}", what, not differences(*folders)))
    return rows


def metrics_differ(one: Path, other: Path) -> bool:
    """Says whether two evaluations of one model differ by more than `CLOSE`."""
    return not _close(*(dict(_metrics(folder)) for folder in (one, other)))


def _outputs() -> Iterator[tuple[str, str, str, Callable[[Path, Path], bool]]]:
    for key in ("users", "items", "interactions"):
        yield "CatalogGen", key, "all rows, sorted", _rows_differ
        yield f"StatisticsGen.{key}", "statistics", f"all figures, to {CLOSE}", _statistics_differ
        yield f"Transform.{key}", "transformed_examples", "all rows, sorted", _rows_differ
        yield f"Transform.{key}", "transform_graph", "vocabularies and schema", _graphs_differ
    yield "CatalogGen", "quarantine", "all files, byte by byte", _files_differ


def _rows_differ(one: Path, other: Path) -> bool:
    return any(_examples(a) != _examples(b) for a, b in _paired(one, other, "Split-*"))


def _examples(folder: Path) -> list[bytes]:
    records = tf.data.TFRecordDataset(sorted(map(str, folder.glob("*.gz"))), "GZIP")
    return sorted(tf.train.Example.FromString(record).SerializeToString(deterministic=True)
                  for record in records.as_numpy_iterator())


def _files_differ(one: Path, other: Path) -> bool:
    return any(a.read_bytes() != b.read_bytes()
               for a, b in _paired(one, other, "**/*") if a.is_file())


def _graphs_differ(one: Path, other: Path) -> bool:
    schemas = [text_format.Parse((folder / "transformed_metadata" / "schema.pbtxt").read_text(),
                                 schema_pb2.Schema()) for folder in (one, other)]
    for schema in schemas:
        features = sorted(schema.feature, key=lambda feature: feature.name)
        del schema.feature[:]
        schema.feature.extend(features)
    return schemas[0] != schemas[1] or _files_differ(
        one / "transform_fn" / "assets", other / "transform_fn" / "assets")


def _statistics_differ(one: Path, other: Path) -> bool:
    return any(not _close(_figures(a), _figures(b))
               for a, b in _paired(one, other, "Split-*/FeatureStats.pb"))


def _figures(path: Path) -> dict[str, Any]:
    statistics = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
    return {".".join(feature.path.step) or feature.name: _plain(feature)
            for dataset in statistics.datasets for feature in dataset.features}


def _metrics(folder: Path) -> Iterator[tuple[str, float]]:
    for result in tfma.load_metrics(str(folder), output_file_format="tfrecord"):
        for metric in result.metric_keys_and_values:
            if metric.value.HasField("double_value"):
                yield f"{_plain(result.slice_key)} {_plain(metric.key)}", \
                    metric.value.double_value.value


def _plain(given: message.Message) -> dict[str, Any]:
    """Returns a message as values by field; a list's are in their order."""
    def value(one: Any) -> Any:
        return _plain(one) if isinstance(one, message.Message) else one

    return {field.name: [value(one) for one in content]
            if field.label == field.LABEL_REPEATED else value(content)
            for field, content in given.ListFields()}


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE) or (
            math.isnan(one) and math.isnan(other))
    return bool(one == other)


def _paired(one: Path, other: Path, pattern: str) -> list[tuple[Path, Path]]:
    """Returns the files of both folders by their names.

    Raises:
      ValueError: A folder has a file that the other has not.
    """
    names = [sorted(path.relative_to(folder) for path in folder.glob(pattern))
             for folder in (one, other)]
    if names[0] != names[1]:
        raise ValueError(f"{one} has {names[0]}, and {other} has {names[1]}.")
    return [(one / name, other / name) for name in names[0]]
