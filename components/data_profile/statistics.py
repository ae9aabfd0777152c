"""What a profile keeps of TFDV's statistics: no raw value, and all that drift is measured by."""

from pathlib import Path

from tensorflow_metadata.proto.v0 import statistics_pb2

from schemas import Feature, FeatureSpec
from schemas.values.text import unnamed


def statistics_file(side: str) -> str:
    """Returns the name of a table's statistics beside a profile."""
    return f"{side}.statistics.pb"


def compared_statistics(spec: FeatureSpec, side: str, path: Path
                        ) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Returns what drift reads of a table's statistics, without a single raw value.

    Args:
      spec: The dataset's spec.
      side: The table.
      path: TFDV's statistics of the table.

    Returns:
      Of each column that is compared the numbers of values, the histograms of numbers, and how
      often each category is there, by a hash in the place of its name.
    """
    names = {feature.name for feature in spec.table(side) if is_compared(feature)}
    kept = statistics_pb2.DatasetFeatureStatisticsList()
    for given in read_statistics(path).datasets:
        table = kept.datasets.add(name=given.name, num_examples=given.num_examples,
                                  weighted_num_examples=given.weighted_num_examples)
        for column in given.features:
            if (column.name or ".".join(column.path.step)) in names:
                table.features.append(_without_values(column))
    return kept


def _without_values(given: statistics_pb2.FeatureNameStatistics
                    ) -> statistics_pb2.FeatureNameStatistics:
    column = statistics_pb2.FeatureNameStatistics(type=given.type)
    column.path.CopyFrom(given.path)
    if given.name:
        column.name = given.name
    if given.HasField("num_stats"):
        column.num_stats.common_stats.CopyFrom(given.num_stats.common_stats)
        column.num_stats.histograms.extend(given.num_stats.histograms)
    elif given.HasField("string_stats"):
        column.string_stats.common_stats.CopyFrom(given.string_stats.common_stats)
        column.string_stats.unique = given.string_stats.unique
        for bucket in given.string_stats.rank_histogram.buckets:
            column.string_stats.rank_histogram.buckets.add(
                low_rank=bucket.low_rank, high_rank=bucket.high_rank,
                label=unnamed(bucket.label), sample_count=bucket.sample_count)
    return column


def is_compared(feature: Feature) -> bool:
    """Returns whether a column has a distribution: it is a number, or one of recurring texts."""
    if feature.derived or feature.media or feature.pii or feature.language:
        return False
    return feature.role is None or feature.role == "event_type"


def read_statistics(path: Path) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Reads a table's statistics."""
    return statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
