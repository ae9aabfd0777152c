"""What a user did before each event, built once at ingest.

For a training row, earlier means a smaller timestamp: events of the same second are not history.
For a validation row it means all of training, for a test row all of training and validation, and
never a row of the same split: whatever happens to the other rows of a test set, no test row's
features change.
"""

from bisect import bisect_left
from typing import Any

from schemas import FeatureSpec
from schemas.order import tie_break

Row = dict[str, list[Any]]


def add_histories(rows: list[Row], splits: list[str], spec: FeatureSpec) -> None:
    """Adds the history columns of one user's events, in place, newest first.

    Args:
      rows: All events of one user, as lists of values by column.
      splits: The split of each event.
      spec: The dataset's spec, which declares the history columns.
    """
    histories = spec.histories()
    if not histories:
        return
    time = spec.role("timestamp").name
    order = sorted(range(len(rows)), key=lambda i: (rows[i][time][0], _tie_break(rows[i], spec)))
    train = [i for i in order if splits[i] == "train"]
    known = [i for i in order if splits[i] != "test"]
    train_times = [rows[i][time][0] for i in train]
    columns = {
        feature.name: (_source_column(what, spec), feature) for what, feature in histories.items()
    }
    past = {name: {i: rows[i].get(column, [_absent(feature)])[0] for i in order}
            for name, (column, feature) in columns.items()}
    for i, row in enumerate(rows):
        if splits[i] == "train":
            earlier = train[: bisect_left(train_times, row[time][0])]
        else:
            earlier = train if splits[i] == "validation" else known
        for name, (_, feature) in columns.items():
            newest = earlier[-feature.max_values :] if feature.max_values else earlier
            row[name] = [past[name][j] for j in reversed(newest)]


def _source_column(what: str, spec: FeatureSpec) -> str:
    return spec.role(what).name if spec.has_role(what) else what


def _absent(feature: Any) -> Any:
    """The documented 'absent' value, which keeps the columns of a history aligned."""
    return b"" if feature.dtype is bytes else feature.dtype(-1)


def _tie_break(row: Row, spec: FeatureSpec) -> bytes:
    user, item = (row[spec.role(role).name][0] for role in ("user_id", "item_id"))
    return tie_break(_text(user), _text(item))


def _text(identity: Any) -> str:
    return identity.decode("utf-8") if isinstance(identity, bytes) else str(identity)
