"""A sample of ids with what belongs to them, the same ids in every run that has them."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.data_profile.shown import ROWS, shown_rows
from components.data_profile.tables import Table
from schemas import FeatureSpec
from schemas.values.text import likeness
from trainer.modalities import Facts

_IDS = 2_000  # of a table
_VARIED = 0.5  # share of different values from which on a column distinguishes rows


def keyed(text: str) -> int:
    """Returns 64 bits of a hash of a text; a table's smallest ones are its sample."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def profile_ids(spec: FeatureSpec, side: str, table: Table) -> dict[str, Any]:
    """Returns a sample of a table's ids with what belongs to them.

    Args:
      spec: The dataset's spec.
      side: `"users"` or `"items"`.
      table: Its rows.

    Returns:
      `largest`, the hash below which all ids are in the sample; `contents`, by the hash of an id
      the numbers of its row and short hashes of its other values, by column; `telling`, the
      columns that distinguish rows; `shown`, of items some rows as anybody may read them, see
      `components.data_profile.shown`; shares of ids that are `alike`, as `Ann` and `ann`, and of
      rows that are `copied`: all columns but media are those of an earlier row.
    """
    name = spec.id_key(side).name
    own = table.columns[name].values
    ids = [keyed(str(value)) for value in own]
    sample = np.argsort(np.array(ids, np.uint64), kind="stable")[:_IDS].tolist()
    compared = {f.name: f for f in spec.table(side) if f.name != name and not f.derived
                and not f.pii and table.columns[f.name].values.size}
    firsts = {column: table.columns[column].at(table.rows) for column in compared}
    telling = [column for column, f in compared.items()
               if not f.media and _varied(table.columns[column].values.tolist())]
    contents = {
        format(ids[row], "x"): {
            column: kept for column, (values, filled) in firsts.items()
            if filled[row] and (kept := _short(values[row])) is not None}
        for row in sample}
    complete = len(ids) <= _IDS
    return {"largest": format(2**64 - 1 if complete else ids[sample[-1]], "x"),
            "contents": contents, "telling": telling, "alike": _alike(own),
            "shown": {} if side == "users" else shown_rows(spec, side, table, {
                format(ids[row], "x"): row for row in sample[:ROWS]}),
            "copied": _copied([firsts[column] for column, f in compared.items() if not f.media],
                              table.rows) if telling else 0.0}


def _varied(values: Sequence[Any]) -> bool:
    return len(values) > 0 and len(set(values)) >= _VARIED * len(values)


def _alike(ids: np.ndarray) -> float:
    if ids.dtype != object or not len(ids):
        return 0.0
    return 1 - len({likeness(one.decode("utf-8", "replace")) for one in ids}) / len(ids)


def _copied(columns: Sequence[tuple[np.ndarray, np.ndarray]], rows: int) -> float:
    contents = {tuple(values[row] if filled[row] else None for values, filled in columns)
                for row in range(rows)}
    return 1 - len(contents) / rows


def _short(value: Any) -> float | int | None:
    """Returns a number, a short hash of another value, `None` for a medium without facts."""
    if isinstance(value, bytes):
        return keyed(value.decode("utf-8", "replace")) >> 40
    if isinstance(value, Facts):
        return keyed(value.digest) >> 40
    return None if value is None else float(f"{value:.4g}")
