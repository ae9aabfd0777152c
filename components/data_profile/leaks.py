"""How well each column alone says what a label is."""

import re
from typing import Any

import numpy as np

from components.data_profile.tables import Table, codes
from schemas import Feature, FeatureSpec, Label

_ROWS = 20_000  # most rows that are looked at
_LEAST = 50  # rows; of fewer nothing is said
_PER_VALUE = 3  # rows that have a value, on average, below which it is an id rather than a cause
_ALL_BUT = {"users": "user_id", "items": "item_id", "interactions": "timestamp"}
_BINS = 50
_MOST = 0.9  # share of the texts that have a number, from which on it may say the label
_WORD = re.compile(r"\w+")
_STARS = "\u2605\u2b50\U0001f31f"  # and those that are not filled
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\d)"
                   rf"|[{_STARS}][{_STARS}\u2606\ufe0f]*|[a-z]+", re.IGNORECASE)
_NUMBERS = {word: float(number) for number, word in enumerate(
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"))}


def profile_leaks(spec: FeatureSpec, side: str, table: Table) -> list[dict[str, Any]]:
    """Returns how well each column that is no label says what each label of its table is.

    Args:
      spec: The dataset's spec.
      side: The table's name.
      table: Its rows.

    Returns:
      `{"column", "label", "explained"}` each: the share of the label's variance that is explained
      by the column's values, by a number in its texts or by whether it has a value; or for texts
      the share of those that spell the label's value, if that is more.
    """
    labelled = {label.feature for label in spec.labels_of(side)}
    first = _firsts(spec, side, table) if labelled else np.zeros(0, bool)
    leaks = []
    for label in spec.labels_of(side):
        target, labels, has_label = _target(spec, table, label)
        for feature in spec.table(side):
            if (feature.name in labelled and side == "interactions") \
                    or feature.name == label.feature \
                    or feature.role or feature.derived or feature.pii or feature.media:
                continue
            values, filled = table.columns[feature.name].at(table.rows)
            given, both = (_sample(rows & first, target)
                           for rows in (has_label, has_label & filled))
            leaks.append({"column": feature.name, "label": label.name, "explained": max(
                _explained(filled[given], target[given]),
                _of_values(feature, values[both], target[both], labels[both]))})
    return leaks


def _firsts(spec: FeatureSpec, side: str, table: Table) -> np.ndarray:
    """Returns which rows are no copy of another one but for its id, or its time.

    All copies of a row have its label, which says nothing of what they have in common. Where rows
    have little in them, all are taken, for they are alike by chance.
    """
    content = np.zeros(table.rows, np.uint64)
    for feature in spec.table(side):
        if feature.role != _ALL_BUT[side] and not feature.derived and not feature.media:
            values, filled = table.columns[feature.name].at(table.rows)
            code = np.where(filled, codes(values) + 1, 0)
            content = content * np.uint64(0x9E3779B97F4A7C15) + code.astype(np.uint64)
    places = np.unique(content, return_index=True)[1]
    first = np.full(table.rows, len(places) < _LEAST)
    first[places] = True
    return first


def _sample(rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Returns the places of some of the rows, of none where they say nothing."""
    places = np.flatnonzero(rows)
    places = places[:: max(1, len(places) // _ROWS)]
    return places if len(places) >= _LEAST and np.ptp(target[places]) else places[:0]


def _target(spec: FeatureSpec, table: Table, label: Label
            ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns a label as a number, as it is in the table, and which rows have it."""
    feature = next(f for f in spec.table(label.side) if f.name == label.feature)
    values, filled = table.columns[feature.name].at(table.rows)
    if label.threshold is not None:
        return (values >= label.threshold).astype(np.float64), values, filled
    if label.equals is not None:
        return (values == label.equals.encode()).astype(np.float64), values, filled
    return _numbers(values, feature), values, filled


def _of_values(feature: Feature, values: np.ndarray, target: np.ndarray, labels: np.ndarray
               ) -> float:
    if not feature.language or not len(values):
        return _explained(values, target)
    numbers = [_numbers_in(text.decode("utf-8", "replace")) for text in values]
    places = [np.array([some[place] if some else np.nan for some in numbers])
              for place in (0, -1)]  # as in "4/5" and "out of 10: 8"
    shares = [_explained(column[known], target[known]) for column in places
              if (known := ~np.isnan(column)).mean() >= _MOST]
    return max(_explained(values, target), _spelled(values, labels), *shares)


def _numbers_in(text: str) -> list[float]:
    """Returns the numbers in a text: of digits, of words, or of stars."""
    numbers = (float(word.count(word[0])) if word[0] in _STARS
               else _NUMBERS.get(word.lower()) if word[0].isalpha() else float(word)
               for word in _NUMBER.findall(text))
    return [number for number in numbers if number is not None]


def _numbers(values: np.ndarray, feature: Feature) -> np.ndarray:
    if feature.dtype is bytes:
        values = codes(values)
    return values.astype(np.float64)


def _explained(values: np.ndarray, target: np.ndarray) -> float:
    """Returns the share of the variance between the groups of equal values, less what is chance."""
    if not len(target) or not np.ptp(target):
        return 0.0
    groups = np.unique(values, return_inverse=True)[1]
    if values.dtype == object:  # all values that are rare are one group
        rare = np.bincount(groups) < _PER_VALUE
        groups = np.unique(np.where(rare[groups], -1, groups), return_inverse=True)[1]
    count = int(groups.max()) + 1
    if len(target) < _PER_VALUE * count:
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
            named = {*_numbers_in(text)}
        hits += named == {value}
    return hits / len(texts)
