"""How far the distributions of two runs are apart, by TFDV."""

from pathlib import Path

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from schemas import SIDES, Feature, FeatureSpec

_ANY = 1e-9  # any divergence is measured; what is too much of it, the checks say


def statistics_file(side: str) -> str:
    """Returns the name of a table's statistics beside a profile."""
    return f"{side}.statistics.pb"


def measure_drift(spec: FeatureSpec, today: str, past: str) -> dict[tuple[str, str], float]:
    """Compares the numbers and the categories of two runs.

    Args:
      spec: The dataset's spec.
      today: Folder of this run's profile.
      past: Folder of the profile of an earlier one.

    Returns:
      By table and column, the Jensen-Shannon divergence of the distributions, 0 to 1.
    """
    found = {}
    for side in SIDES:
        now, then = (_read(Path(folder, statistics_file(side))) for folder in (today, past))
        schema = schema_pb2.Schema()
        for feature in filter(_compared, spec.table(side)):
            known = any(feature.name in (c.name, *c.path.step)
                        for c in then.datasets[0].features)
            if known:
                proto = next(f for f in spec.schema(side).feature if f.name == feature.name)
                proto.drift_comparator.jensen_shannon_divergence.threshold = _ANY
                schema.feature.append(proto)
        anomalies = tfdv.validate_statistics(now, schema, previous_statistics=then)
        for info in anomalies.drift_skew_info:
            found[side, info.path.step[0]] = max(
                one.value for one in info.drift_measurements)
    return found


def _compared(feature: Feature) -> bool:
    """Tells whether a column has a distribution: it is a number, or one of recurring texts."""
    if feature.derived or feature.media or feature.pii or feature.language:
        return False
    return feature.role is None or feature.role == "event_type"


def _read(path: Path) -> statistics_pb2.DatasetFeatureStatisticsList:
    return statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
