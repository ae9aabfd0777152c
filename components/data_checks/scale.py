"""Checks of scale: numbers in another unit, far away from all others, or of another column."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from components.data_checks.check import Data, Measured, check
from components.data_checks.same_ids import columns_of_ids

_FEW = 20  # values; of fewer no share says anything
_ROUNDED = 0.02  # of a number; less is no change of its unit
_DIFFERENT = 5  # values


@check("by how much more the numbers at an edge, one in a hundred, are away from the median than "
       "in the last run, as a factor",
       "Look at the smallest and the largest values: a part may be in another unit.",
       warn=3.0, fail=30.0, compares=True)
def outlying_values(data: Data) -> Iterator[Measured]:
    for side, name, profile, before in data.columns("numbers"):
        if min(profile["count"], before.get("count", 0)) < 5 * _FEW:
            continue
        middle, then = profile["deciles"][5], before["deciles"][5]
        wide = max(abs(edge - then) for edge in before["edges"])
        edge = max(profile["edges"], key=lambda one: abs(one - middle))
        if wide > 0 and abs(middle - then) <= wide:  # else the whole column is on another scale
            yield Measured(side, name, abs(edge - middle) / wide - 1,
                           f"one value in a hundred is {edge:.4g} or beyond, where the last run "
                           f"had {before['edges'][0]:.4g} and {before['edges'][1]:.4g}")


@check("least factor between the deciles of two runs, less 1",
       "Convert the values back to the unit that the model knows, or retrain on purpose.",
       warn=0.5, fail=8.0, compares=True, by_row=True)
def unit_change(data: Data) -> Iterator[Measured]:
    for side, name, profile, before in data.columns("numbers"):
        label = side == "interactions" and data.today["columns"][side][name].get("label")
        if label or min(profile["count"], before.get("count", 0)) < _FEW:
            continue
        ratios = sorted(new / old for new, old in zip(profile["deciles"][1:-1],
                                                      before["deciles"][1:-1], strict=True)
                        if new * old > 0)
        if ratios and ratios[0] > 0.5 * ratios[-1]:  # all values by about the same factor
            least = max(ratios[0], 1 / ratios[-1])
            yield Measured(side, name, least - 1, "all values are about "
                           f"{ratios[len(ratios) // 2]:.3g} times those of the last run")


@check("factor by which the numbers of a tenth or more of the ids of both runs changed alike, "
       "less 1; 2 more where the sign changed",
       "Ask whether these rows are in another unit or currency; write all of them in one.",
       warn=0.08, fail=8.0, compares=True, by_row=True, explains=True)
def rescaled_values(data: Data) -> Iterator[Measured]:
    for side, name, pairs in columns_of_ids(data):
        if isinstance(pairs[0][0], float):
            factor, count = _common_factor(pairs)
            size = max(abs(factor), 1 / abs(factor))
            yield Measured(side, name, size - 1 if factor > 0 else size + 1,
                           f"the values of {count:,} of {len(pairs):,} {side} of both runs that "
                           f"were compared are {factor:.3g} times what they were", count,
                           count / len(pairs))


def _common_factor(pairs: Sequence[tuple[float, float]]) -> tuple[float, int]:
    """Returns the factor that most of the changed numbers have in common, and their number.

    Returns:
      1 and 0 where less than a tenth of all numbers, or a third of the changed ones, have one.
    """
    now, then = np.array([pair for pair in pairs if pair[0] and pair[1]]).reshape(-1, 2).T
    ratios = now / then
    moved = np.abs(ratios - 1) > _ROUNDED
    best, most = 1.0, max(_FEW // 4, len(pairs) / 10, moved.sum() / 3)
    if not moved.any():
        return 1.0, 0
    for factor in np.quantile(ratios[moved], (0.25, 0.5, 0.75), method="nearest").tolist():
        alike = moved & (np.abs(ratios / factor - 1) <= _ROUNDED)
        # Of few different values several change by one factor, whatever became of them.
        if alike.sum() >= most and len(np.unique(then[alike])) >= _DIFFERENT:
            best, most = factor, alike.sum()
    return (best, int(most)) if best != 1 else (1.0, 0)


@check("how much better two columns fit each other's past than their own, 0 to 1",
       "Check the order and the names of the columns in the files.",
       warn=None, fail=0.3, compares=True, by_row=True, explains=True)
def swapped_columns(data: Data) -> Iterator[Measured]:
    for kind, alike in (("texts", _texts_alike), ("categorical", _shares_alike),
                        ("numbers", _ranges_alike)):
        known = [one for one in data.columns(kind)
                 if min(part.get("looked", part.get("count", 0)) for part in one[2:]) >= _FEW]
        for (side, name, now, before), (other_side, other, other_now, other_before) in (
                itertools.combinations(known, 2)):
            if other_side != side:
                continue
            own = alike(now, before) + alike(other_now, other_before)
            crossed = alike(now, other_before) + alike(other_now, before)
            yield Measured(side, name, (crossed - own) / 2,
                           f"{name} has what {other} had in the last run, and {other} what "
                           f"{name} had")


def _texts_alike(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Returns how alike the vocabularies of two columns are, and their lengths, 0 to 1."""
    words, past = one["vocabulary"], other.get("vocabulary", {})
    shared = sum(min(share, past.get(word, 0.0)) for word, share in words.items())
    most = max(sum(words.values()), sum(past.values()), 1e-9)
    lengths = sorted((one.get("words", 0.0), other.get("words", 0.0)))
    return (shared / most + (lengths[0] / lengths[1] if lengths[1] else 1.0)) / 2


def _shares_alike(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Returns the share of the values that two columns of categories have in common, 0 to 1."""
    return sum(min(count / one["count"], other["values"].get(value, 0) / other["count"])
               for value, count in one["values"].items())


def _ranges_alike(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Returns the common part of the ranges that most numbers of two columns are in, 0 to 1."""
    (low, high), (past_low, past_high) = ((part["deciles"][1], part["deciles"][-2])
                                          for part in (one, other))
    whole = max(high, past_high) - min(low, past_low)
    both = min(high, past_high) - max(low, past_low)
    return max(both, 0.0) / whole if whole > 0 else 1.0
