"""The histories in a server's log of requests."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from schemas import InputError
from serving import wire
from serving.signature import HISTORY, histories
from serving.tensors import ndarray

_ITEMS = HISTORY + "item_id"
_Log = wire.message("PredictionLog")
Columns = dict[str, list[np.ndarray | None]]


@dataclass
class Requests:
    """What users did of late, as requests to one version had it.

    Attributes:
      version: The version.
      columns: By input, an array of each row's values, or `None` where the row brought no history.
    """

    version: int
    columns: Columns = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return max(map(len, self.columns.values()), default=0)

    def add(self, inputs: Any) -> None:
        """Adds the rows of a request, given its `TensorProto`s by input."""
        given = {name: ndarray(inputs[name]) for name in histories(inputs)}
        if _ITEMS not in given:
            return
        events = given[_ITEMS] != b""  # a place without an item is no event
        for name, values in given.items():
            column = self.columns.setdefault(name, [])
            for row, there in zip(values, events, strict=True):
                if len(row) != len(there):  # absent as a whole: one column, for any width
                    row = np.full(len(there), b"" if row.dtype == object else -1, row.dtype)
                column.append(row[there] if there.any() else None)


def read_requests(folder: Path, version: int | None = None) -> Requests:
    """Reads the requests to one version.

    Args:
      folder: Folder of TFRecord files of `PredictionLog`, as `tessera serve --request-log` or
        TensorFlow Serving writes them. A record that is being written is left out.
      version: The version; the newest that was asked by default.

    Returns:
      The requests.

    Raises:
      InputError: The folder holds no such file, a file holds something else, or no request is to
        that version.
    """
    by_version: dict[int, Requests] = {}
    counts: Counter[int] = Counter()
    for file, log in _records(folder):
        number = log.log_metadata.model_spec.version.value
        counts[number] += 1
        if version in (None, number):
            try:
                by_version.setdefault(number, Requests(number)).add(log.predict_log.request.inputs)
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise _unreadable(file, f"a request has other histories, {error}") from error
    if not by_version:
        listing = ", ".join(f"{count:,} to version {one}" for one, count in sorted(counts.items()))
        raise InputError("version-not-in-log",
                         f"{folder} has no request to version {version}; it has: "
                         f"{listing or 'none at all'}. Give one of these with --version.")
    return by_version[max(by_version)]


def _records(folder: Path) -> Iterator[tuple[Path, Any]]:
    files = sorted(folder.glob("*.tfrecord"))
    if not files:
        raise InputError("no-request-log",
                         f"{folder} holds no log of requests, files that end with .tfrecord. Give "
                         "the folder of `tessera serve --request-log`.")
    for file in files:
        try:
            for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
                yield file, _Log.FromString(record)
        except tf.errors.DataLossError as error:
            if "truncated record" not in str(error):
                raise _unreadable(file, "its records are damaged") from error
        except tf.errors.OpError as error:  # a folder, a file of somebody else
            raise _unreadable(file, error.message) from error
        except DecodeError as error:
            raise _unreadable(file, "it holds something else") from error


def _unreadable(file: Path, why: str) -> InputError:
    return InputError("bad-request-log",
                      f"{file} cannot be read as a log of requests, TFRecords of PredictionLog: "
                      f"{why}. Take it away, or give another folder.")
