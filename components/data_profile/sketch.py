"""A sample of ids with what belongs to them, the same ids in every run that has them."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.data_profile.tables import Table
from schemas import FeatureSpec

_IDS = 2_000  # of a table
_VARIED = 0.5  # share of different values from which on a column distinguishes rows


def keyed(text: str) -> int:
    """Returns 64 bits of a hash of a text; a table's smallest ones are its sample."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def profile_ids(spec: FeatureSpec, side: str, table: Table) -> dict[str, Any]:
    """Returns a sample of a table's ids with short hashes of their contents.

    Args:
      spec: The dataset's spec.
      side: `"users"` or `"items"`.
      table: Its rows.

    Returns:
      `largest`, the hash below which all ids are in the sample, and `contents`, by the hash of an
      id a hash of the value of each column that distinguishes rows, by column.
    """
    name = spec.id_key(side).name
    ids = [keyed(str(value)) for value in table.columns[name].values]
    sample = np.argsort(np.array(ids, np.uint64), kind="stable")[:_IDS]
    telling = [f.name for f in spec.table(side)
               if f.name != name and not f.derived and not f.media and not f.pii
               and _varied(table, f.name)]
    firsts = {column: table.columns[column].at(table.rows) for column in telling}
    contents = {
        format(ids[row], "x"): {
            column: _short(values[row]) for column, (values, filled) in firsts.items()
            if filled[row]}
        for row in sample.tolist()}
    complete = len(ids) <= _IDS
    return {"largest": format(2**64 - 1 if complete else ids[int(sample[-1])], "x"),
            "contents": contents}


def _varied(table: Table, column: str) -> bool:
    values: Sequence[Any] = table.columns[column].values.tolist()
    return len(values) > 0 and len(set(values)) >= _VARIED * len(values)


def _short(value: Any) -> int:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else repr(value)
    return keyed(text) >> 40
