"""TFDV's statistics as plain values, one entry for each column that the schema declares."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.splits import split_folders
from schemas import Feature, FeatureSpec, InputError

_TOP_VALUES = 8
_STANDARD = statistics_pb2.Histogram.STANDARD
_TYPES = {int: "integer", float: "number", bytes: "text"}


def read_statistics(uri: str, spec: FeatureSpec, side: str) -> list[dict[str, Any]]:
    """Reads the statistics of one table.

    Args:
      uri: Folder of its `ExampleStatistics`.
      spec: The dataset's spec.
      side: The table's name.

    Returns:
      One `{"split", "rows", "features"}` for each split, see `_describe` for a feature.

    Raises:
      InputError: There are no statistics, or they are unreadable.
    """
    return [
        _split(split, _load(folder / "FeatureStats.pb"), spec, side)
        for split, folder in split_folders(uri).items()
    ]


def _load(path: Path) -> statistics_pb2.DatasetFeatureStatistics:
    try:
        statistics = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
        return statistics.datasets[0]
    except Exception as error:  # protobuf's DecodeError has no common base with OSError.
        raise InputError("unreadable-statistics",
                         f"Statistics {path} cannot be read ({error}).") from error


def _split(
    split: str, dataset: statistics_pb2.DatasetFeatureStatistics, spec: FeatureSpec, side: str
) -> dict[str, Any]:
    columns = {c.name or ".".join(c.path.step): c for c in dataset.features}
    rows = int(dataset.num_examples)
    features = [
        _describe(feature, columns.pop(feature.name, None), rows, _labels(spec, feature))
        for feature in spec.table(side)
    ]
    return {
        "split": split, "rows": rows, "features": features, "undeclared": sorted(columns),
    }


def _labels(spec: FeatureSpec, feature: Feature) -> list[str]:
    return [label.name for label in spec.labels_of(feature.side) if label.feature == feature.name]


def _describe(
    feature: Feature, column: statistics_pb2.FeatureNameStatistics | None, rows: int,
    labels: list[str],
) -> dict[str, Any]:
    kind = (column.WhichOneof("stats") or "") if column else ""
    stats = getattr(column, kind) if kind else None
    filled = int(stats.common_stats.num_non_missing) if stats else 0
    described: dict[str, Any] = {
        "name": feature.name,
        "type": "encoded media" if feature.media else _TYPES[feature.dtype],
        "role": _role(feature),
        "modality": feature.modality,
        "labels": labels,
        "personal": feature.pii,
        "rows": filled,
        "missing": rows - filled,
        "missing_share": (rows - filled) / rows if rows else None,
    }
    if stats is None or feature.pii or not filled:
        return described
    if not feature.scalar:
        common = stats.common_stats
        described["values_per_row"] = {
            "min": common.min_num_values, "mean": common.avg_num_values,
            "max": common.max_num_values,
        }
    if kind == "num_stats":
        described |= _numeric(feature, stats)
    elif kind == "string_stats":
        described |= _string(feature, stats)
    elif kind == "bytes_stats":
        described["bytes"] = {
            "min": stats.min_num_bytes, "mean": stats.avg_num_bytes, "max": stats.max_num_bytes,
        }
    return described


def _role(feature: Feature) -> str | None:
    if feature.history:
        return f"history of {feature.history}"
    return "event count" if feature.counts_events else feature.role


def _numeric(feature: Feature, stats: statistics_pb2.NumericStatistics) -> dict[str, Any]:
    bounds = {"min": stats.min, "max": stats.max}
    if _is_id(feature):
        return {"id_range": bounds}
    if feature.history:  # its column has the values, without a mark for none among them
        return {}
    if feature.role == "timestamp":
        return {"time_range": bounds, "histogram": _histogram(stats.histograms)}
    return {
        "range": {**bounds, "mean": stats.mean, "median": stats.median, "std": stats.std_dev},
        "histogram": _histogram(stats.histograms),
    }


def _string(feature: Feature, stats: statistics_pb2.StringStatistics) -> dict[str, Any]:
    if feature.media:
        return {"bytes": {"mean": stats.avg_length}}
    described: dict[str, Any] = {"unique": int(stats.unique)}
    if feature.language:
        described["mean_length"] = stats.avg_length
    # The most frequent items are worth knowing, the most active users are nobody's business.
    events_of_item = feature.side == "interactions" and feature.role == "item_id"
    if feature.categories or events_of_item:
        described["top"] = [
            {"value": top.value, "count": int(top.frequency)}
            for top in stats.top_values[:_TOP_VALUES]
        ]
    return described


def _is_id(feature: Feature) -> bool:
    return any(kind in ("user_id", "item_id") for kind in (feature.role, feature.history))


def _histogram(histograms: Iterable[statistics_pb2.Histogram]) -> list[dict[str, Any]]:
    for histogram in histograms:
        ends = [end for b in histogram.buckets for end in (b.low_value, b.high_value)]
        if histogram.type == _STANDARD and all(map(math.isfinite, ends)):
            return [
                {"low": b.low_value, "high": b.high_value, "count": b.sample_count}
                for b in histogram.buckets
            ]
    return []
