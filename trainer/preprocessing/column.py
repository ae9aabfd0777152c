"""What is known of a column that preprocessing makes: its feature, dtype, shape, role and purpose.

Whoever makes a column declares it. The declarations are written beside the graph that makes the
columns, and everybody who reads a column asks them: nothing is derived from a name or a shape.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

_FILE = "columns.json"


class Role(StrEnum):
    """What a column may be used for. A model reads columns of the role `INPUT` and no other."""

    INPUT = "input"
    LABEL = "label"
    WEIGHT = "weight"  # of a row in training
    EVENT = "event"  # what an event adds to later histories
    REQUEST = "request"  # strings as a request would bring them
    ID = "id"
    TIME = "timestamp"
    INDEX = "index"  # of a row in its table
    COUNT = "count"  # of a row's training events


class Purpose(StrEnum):
    """Which of a feature's columns a column is."""

    VALUE = "value"
    PRESENT = "present"  # 1.0 where there is a value
    VECTOR = "vector"  # of a pretrained encoder


@dataclass(frozen=True)
class Column:
    """The declaration of one column.

    Attributes:
      name: The column's name.
      feature: The raw column that it is made of; `None` where it is made of several.
      dtype: `string`, or the dtype of NumPy in which models hold it. Transform's files hold every
        integer as int64.
      shape: The shape of a row.
      role: What it may be used for.
      purpose: Which of the feature's columns it is.

    Example:
      `Column("price__present", "price", "float32", (), Role.INPUT, Purpose.PRESENT)`
    """

    name: str
    feature: str | None
    dtype: str
    shape: tuple[int, ...] = ()
    role: Role = Role.INPUT
    purpose: Purpose = Purpose.VALUE


def write_columns(columns: Iterable[Column], folder: Path) -> None:
    """Writes declarations into the folder of what makes the columns."""
    text = json.dumps([asdict(column) for column in columns], indent=1)
    (folder / _FILE).write_text(text, encoding="utf-8")


def read_columns(folder: Path) -> dict[str, Column]:
    """Reads what `write_columns` wrote, by name."""
    entries = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    return {entry["name"]: _column(entry) for entry in entries}


def columns_of(transform: Any) -> dict[str, Column]:
    """Reads the declarations beside a transform's graph, a `TFTransformOutput`, by name."""
    return read_columns(Path(transform.transform_savedmodel_dir).parent)


def check_made(made: Mapping[str, Any], declared: Iterable[Column]) -> None:
    """Checks that what was made is what was declared.

    Args:
      made: Tensors by name, `(batch, ...)`.
      declared: The declarations.

    Raises:
      ValueError: A column lacks its declaration, or has another dtype or shape.
    """
    by_name = {column.name: column for column in declared}
    if differing := sorted(made.keys() ^ by_name.keys()):
        raise ValueError(f"declared and made columns differ in: {', '.join(differing)}")
    for name, tensor in made.items():
        column = by_name[name]
        given = tensor.dtype.name, tuple(tensor.shape[1:])
        expected = "int64" if "int" in column.dtype else column.dtype, column.shape
        if given != expected:
            raise ValueError(f"column {name!r} is {given}; declared was {expected}")


def _column(entry: Mapping[str, Any]) -> Column:
    return Column(entry["name"], entry["feature"], entry["dtype"], tuple(entry["shape"]),
                  Role(entry["role"]), Purpose(entry["purpose"]))
