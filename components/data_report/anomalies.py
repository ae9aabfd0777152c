"""ExampleValidator's findings as plain values."""

from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.data_report.splits import split_folders
from schemas import InputError


def read_anomalies(table: str, uri: str) -> list[dict[str, Any]]:
    """Reads the anomalies of one table.

    Args:
      table: The table's name.
      uri: Folder of its `ExampleAnomalies`.

    Returns:
      One `{"table", "split", "feature", "short", "long"}` for each anomaly; `feature` is empty
      where it concerns the whole split.

    Raises:
      InputError: There are no anomalies files, or one is unreadable.
    """
    rows = []
    for split, folder in split_folders(uri).items():
        message = _read(folder / "SchemaDiff.pb")
        infos = sorted(message.anomaly_info.items())
        if message.HasField("dataset_anomaly_info"):
            infos.insert(0, ("", message.dataset_anomaly_info))
        rows += [
            {"table": table, "split": split, "feature": feature,
             "short": info.short_description, "long": info.description}
            for feature, info in infos
        ]
    return rows


def _read(path: Path) -> anomalies_pb2.Anomalies:
    try:
        return anomalies_pb2.Anomalies.FromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError has no common base with OSError.
        raise InputError(
            "unreadable-anomalies",
            f"Anomalies {path} cannot be read ({error}). Run the step again."
        ) from error
