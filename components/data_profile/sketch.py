"""A sample of ids with what belongs to them, the same ids in every run that has them."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.data_profile.shown import ROWS, shown_rows
from components.data_profile.tables import Table
from schemas import FeatureSpec
from schemas.values.text import as_text, likeness
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
      columns of texts that distinguish rows; `named`, by the hash of what they say of a row the
      short hash of its id; `shown`, of items some rows as anybody may read them, see
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
    varied = [column for column, f in compared.items()
              if not f.media and _varied(table.columns[column].values.tolist())]
    # A number may be another one for all things from one day to the next, such as a price.
    telling = [column for column in varied if compared[column].dtype is bytes]
    contents = {
        format(ids[row], "x"): {
            column: kept for column in compared
            if (kept := short(table.columns[column].of(row))) is not None}
        for row in sample}
    complete = len(ids) <= _IDS
    return {"largest": format(2**64 - 1 if complete else ids[sample[-1]], "x"),
            "contents": contents, "telling": telling, "alike": _alike(own),
            "named": _named([firsts[column] for column in telling], ids),
            "shown": {} if side == "users" else shown_rows(spec, side, table, {
                format(ids[row], "x"): row for row in sample[:ROWS]}),
            "copied": _copied([firsts[column] for column, f in compared.items() if not f.media],
                              table.rows) if varied else 0.0}


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


def _named(columns: Sequence[tuple[np.ndarray, np.ndarray]], ids: Sequence[int]) -> dict[str, int]:
    """Returns the ids of a sample of the texts that one row alone has."""
    rows: dict[int, list[int]] = {}
    for row, own in enumerate(ids):
        texts = [values[row] for values, filled in columns if filled[row]]
        if len(texts) == len(columns) > 0:
            rows.setdefault(keyed("\0".join(map(as_text, texts))), []).append(own)
    return {format(content, "x"): own[0] >> 40 for content, own in sorted(rows.items())[:_IDS]
            if len(own) == 1}


def short(values: np.ndarray) -> float | int | None:
    """Returns what a row's values of a column are compared by.

    Returns:
      A number, or a short hash of another value or of several; `None` where there is none, or of
      a medium without facts.
    """
    if len(values) > 1:
        return keyed("\0".join(sorted(one.digest if isinstance(one, Facts) else as_text(one)
                                      for one in values))) >> 40
    value = values[0] if len(values) else None
    if isinstance(value, bytes):
        return keyed(as_text(value)) >> 40
    if isinstance(value, Facts):
        return keyed(value.digest) >> 40
    return None if value is None else float(f"{value:.4g}")
