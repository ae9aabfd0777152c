"""How far the requests of a server are from what its model learned from, by TFDV."""

import enum
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.splits import split_folders
from pipeline.lineage import Provenance
from pipeline.skew.requests import Requests
from schemas import Feature, FeatureSpec, parse_spec
from serving.signature import HISTORY

FEW = 100  # values; of fewer no distance says anything
THRESHOLD = 0.1  # where the schema sets none
_INTEGER = re.compile(rb"-?[0-9]{1,18}")
_Measurement = anomalies_pb2.DriftSkewInfo.Measurement
# TFDV's measurements, by the names that a schema has for them.
_MEASURES = {_Measurement.L_INFTY: "infinity_norm",
             _Measurement.JENSEN_SHANNON_DIVERGENCE: "jensen_shannon_divergence"}
_TYPES = {int: pa.int64(), float: pa.float32(), bytes: pa.binary()}


class Verdict(enum.StrEnum):
    """What a distance means."""

    OK = "OK"
    SKEW = "SKEW"
    TOO_FEW = "too few values"


@dataclass(frozen=True)
class Skew:
    """How far an input is from its column.

    Attributes:
      input: The input of the request.
      column: The column of the training data.
      values: How many values the requests have.
      measure: `infinity_norm`, the largest difference of a value's frequency, or
        `jensen_shannon_divergence` of the distributions; both are 0 to 1.
      value: What was measured; `None` of too few values.
      threshold: The most that is no skew, the schema's or `THRESHOLD`.
    """

    input: str
    column: str
    values: int
    measure: str
    value: float | None
    threshold: float

    @property
    def verdict(self) -> Verdict:
        """What it means."""
        if self.value is None:
            return Verdict.TOO_FEW
        return Verdict.SKEW if self.value > self.threshold else Verdict.OK

    def as_json(self) -> dict[str, Any]:
        """Returns plain values."""
        return {**asdict(self), "verdict": str(self.verdict)}


def skew_of(requests: Requests, root: Path, version: Path) -> list[Skew]:
    """Measures the requests to a pushed version against its training data.

    Args:
      requests: The requests.
      root: The root that runs were written under.
      version: The version's folder.

    Returns:
      Each input that has a distribution.

    Raises:
      InputError: See `Provenance`.
    """
    made = Provenance(root, version)
    transform = made.maker(made.inputs(made.trainer)["interactions"])
    examples = made.inputs(transform)["examples"]
    statistics = next(outputs["statistics"] for outputs in map(made.outputs, made.readers(examples))
                      if "statistics" in outputs)
    (train, *_) = split_folders(str(made.folder(statistics))).values()
    training = statistics_pb2.DatasetFeatureStatisticsList.FromString(
        (train / "FeatureStats.pb").read_bytes())
    return measure_skew(parse_spec(**made.training_config()["spec"]), training, requests)


def measure_skew(spec: FeatureSpec, training: statistics_pb2.DatasetFeatureStatisticsList,
                 requests: Requests) -> list[Skew]:
    """Measures requests against the statistics of the interactions that a model learned from.

    Args:
      spec: The dataset's spec, whose `skew_comparator`s set the thresholds.
      training: The statistics.
      requests: The requests.

    Returns:
      Each input that has a distribution.
    """
    compared = {feature.name: (HISTORY + what, feature)
                for what, feature in spec.histories().items() if _has_distribution(spec, what)}
    absent: list[np.ndarray | None] = [None] * requests.rows
    columns = {name: _column(requests.columns.get(given, absent), feature)
               for name, (given, feature) in compared.items()}
    counts = {name: len(column.flatten()) for name, column in columns.items()}
    schema = schema_pb2.Schema(feature=[
        _with_threshold(proto) for proto in spec.schema("interactions").feature
        if counts.get(proto.name, 0) >= FEW])
    measured = _distances(schema, training, columns)
    return [Skew(compared[proto.name][0], proto.name, counts[proto.name], measure,
                 measured.get((proto.name, measure)), threshold)
            for proto in spec.schema("interactions").feature if proto.name in compared
            for measure, threshold in _thresholds(_with_threshold(proto))]


def _has_distribution(spec: FeatureSpec, what: str) -> bool:
    """Returns whether past values recur: not times, which move on, and not texts."""
    source = spec.history_source(what)
    return source.role != "timestamp" and not source.language and not source.pii


def _column(rows: list[np.ndarray | None], feature: Feature) -> pa.Array:
    """Returns a request's values in the dtype of the column; what does not fit it is left out."""
    if feature.dtype is int:  # ids, which requests have as strings
        rows = [None if row is None else _integers(row) for row in rows]
    return pa.array([None if row is None else row.tolist() for row in rows],
                    pa.list_(_TYPES[feature.dtype]))


def _integers(values: np.ndarray) -> np.ndarray:
    if values.dtype != object:
        return values.astype(np.int64)
    return np.array([int(one) for one in values.tolist() if _INTEGER.fullmatch(one)], np.int64)


def _with_threshold(proto: schema_pb2.Feature) -> schema_pb2.Feature:
    """Returns what TFDV needs of a column, with a threshold."""
    feature = schema_pb2.Feature(name=proto.name, type=proto.type)
    feature.skew_comparator.CopyFrom(proto.skew_comparator)
    if not list(_thresholds(feature)):
        measure = "infinity_norm" if proto.type == schema_pb2.BYTES else "jensen_shannon_divergence"
        getattr(feature.skew_comparator, measure).threshold = THRESHOLD
    return feature


def _thresholds(proto: schema_pb2.Feature) -> Iterator[tuple[str, float]]:
    for measure in _MEASURES.values():
        if proto.skew_comparator.HasField(measure):
            yield measure, getattr(proto.skew_comparator, measure).threshold


def _distances(schema: schema_pb2.Schema, training: statistics_pb2.DatasetFeatureStatisticsList,
               columns: dict[str, pa.Array]) -> dict[tuple[str, str], float]:
    """Returns what TFDV measures, by column and measure."""
    if not schema.feature:
        return {}
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    serving = stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())
    anomalies = tfdv.validate_statistics(training, schema, serving_statistics=serving)
    return {(info.path.step[0], _MEASURES[one.type]): one.value
            for info in anomalies.drift_skew_info for one in info.skew_measurements}
