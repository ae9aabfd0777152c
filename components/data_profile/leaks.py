"""How well each column alone says what a label is."""

import re
from typing import Any

import numpy as np

from components.data_profile.tables import Table
from schemas import Feature, FeatureSpec

_ROWS = 20_000  # most rows that are looked at
_LEAST = 50  # rows; of fewer nothing is said
_PER_VALUE = 3  # rows that have a value, on average, below which it is an id rather than a cause
_BINS = 50
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\d)")


def profile_leaks(spec: FeatureSpec, side: str, table: Table) -> list[dict[str, Any]]:
    """Returns how well each column that is no label says what each label of its table is.

    Args:
      spec: The dataset's spec.
      side: The table's name.
      table: Its rows.

    Returns:
      `{"column", "label", "explained"}` each: the share of the label's variance that is explained
      by the column's values, or for texts the share of those that spell the label's value.
    """
    labelled = {label.feature for label in spec.labels_of(side)}
    leaks = []
    for name in labelled:
        label = next(f for f in spec.table(side) if f.name == name)
        target, has_label = _numbers(table, label)
        for feature in spec.table(side):
            if (feature.name in labelled and side == "interactions") or feature.name == name \
                    or feature.role or feature.derived or feature.pii or feature.media:
                continue
            values, filled = table.columns[feature.name].at(table.rows)
            both = np.flatnonzero(filled & has_label)
            both = both[:: max(1, len(both) // _ROWS)]
            if len(both) < _LEAST or np.ptp(target[both]) == 0:
                continue
            score = (_spelled(values[both], table.columns[name].at(table.rows)[0][both])
                     if feature.language else _explained(values[both], target[both]))
            leaks.append({"column": feature.name, "label": name, "explained": score})
    return leaks


def _numbers(table: Table, feature: Feature) -> tuple[np.ndarray, np.ndarray]:
    values, filled = table.columns[feature.name].at(table.rows)
    if feature.dtype is not bytes:
        return values.astype(np.float64), filled
    return np.unique(values.astype(str), return_inverse=True)[1].astype(np.float64), filled


def _explained(values: np.ndarray, target: np.ndarray) -> float:
    """Returns the share of the variance between the groups of equal values, less what is chance."""
    groups = np.unique(values.astype(str) if values.dtype == object else values,
                       return_inverse=True)[1]
    count = int(groups.max()) + 1
    if len(target) < _PER_VALUE * count:
        if values.dtype == object:
            return 0.0
        edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
        groups = np.searchsorted(edges, values, side="right")
        count = len(edges) + 1
    sizes = np.bincount(groups, minlength=count)
    means = np.bincount(groups, target, count) / np.maximum(sizes, 1)
    within = float(((target - means[groups]) ** 2).sum()) / max(1, len(target) - count)
    return max(0.0, 1 - within / float(target.var(ddof=1)))


def _spelled(texts: np.ndarray, target: np.ndarray) -> float:
    """Returns the share of texts that name the label's value and no other one."""
    known = set(target.tolist())
    hits = 0
    for encoded, value in zip(texts, target.tolist(), strict=True):
        text = encoded.decode("utf-8", "replace")
        if isinstance(value, bytes):
            named = {one.encode() for one in _WORD.findall(text)} & known
        else:
            named = {float(one) for one in _NUMBER.findall(text)}
        hits += named == {value}
    return hits / len(texts)
