"""A few rows as a person reads them, so that a finding can show what became of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from components.data_profile.tables import Table
from schemas import Feature, FeatureSpec
from schemas.values.text import as_text

ROWS = 100  # of a table
_LETTERS = 40  # of a text


def shown_rows(spec: FeatureSpec, side: str, table: Table, rows: Mapping[str, int]
               ) -> dict[str, dict[str, str]]:
    """Returns what anybody may read of some rows.

    Args:
      spec: The dataset's spec.
      side: The table's name.
      table: Its rows.
      rows: Places of rows, by a key.

    Returns:
      By key and column, the row's first value as text. There are no media, no personal data, no
      texts of people, and no users.
    """
    wanted = np.array(list(rows.values()), np.int64)
    shown: dict[str, dict[str, str]] = {key: {} for key in rows}
    for feature in spec.table(side):
        if not _is_readable(feature):
            continue
        column = table.columns[feature.name]
        # The first value of each row; the rows of a column are in order.
        places = np.searchsorted(column.rows, wanted).tolist()
        for (key, row), place in zip(rows.items(), places, strict=True):
            if place < len(column.rows) and column.rows[place] == row:
                shown[key][feature.name] = _as_read(column.values[place], feature)
    return shown


def _is_readable(feature: Feature) -> bool:
    # What people wrote may have words of one of them alone, such as a name.
    hidden = feature.derived or feature.media or feature.pii or feature.fewest_rows > 1
    return not hidden and feature.role != "user_id"


def _as_read(value: Any, feature: Feature) -> str:
    if feature.role == "timestamp":
        return str(np.datetime64(int(value), "s")).replace("T", " ")
    if isinstance(value, bytes):
        text = as_text(value)
        return text if len(text) <= _LETTERS else text[:_LETTERS] + "…"
    return str(value) if isinstance(value, np.integer) else f"{value:.6g}"
