"""Whether two responses to one request are the same, as pure functions over arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE = 1e-5
_OF_THE_USER = "user_modality_weights"  # which may be as many as items are asked for


@dataclass
class Comparison:
    """What one answer differs in.

    Attributes:
      faults: One sentence for each output that differs: what, where, expected, got.
      max_abs_diff: The largest finite difference over the numeric outputs.
    """

    faults: list[str] = field(default_factory=list)
    max_abs_diff: float = 0.0


def compare(expected: Mapping[str, Any], got: Mapping[str, np.ndarray]) -> Comparison:
    """Compares a server's outputs with the recorded ones.

    Numbers may differ by `TOLERANCE * max(1, |expected|)`. In a list of items, those of equal score
    may swap, and those at the end of the list may be others of equal score.

    Args:
      expected: Recorded outputs as nested lists.
      got: The server's outputs.

    Returns:
      The faults, none when the responses are the same, and the largest difference.
    """
    comparison = Comparison()
    wanted = {name: _plain(value) for name, value in expected.items()}
    given = {name: _plain(value) for name, value in got.items()}
    for name in sorted(set(wanted) ^ set(given)):
        side = "is missing" if name in wanted else "was not expected"
        comparison.faults.append(f"output {name} {side}")
    for name in sorted(set(wanted) & set(given)):
        if wanted[name].shape != given[name].shape:
            comparison.faults.append(
                f"output {name}: expected shape {wanted[name].shape}, got {given[name].shape}"
            )
    if comparison.faults:
        return comparison
    if {"item_ids", "scores"} <= wanted.keys():
        _compare_output("scores", wanted["scores"], given["scores"], comparison)
        given = _in_expected_order(wanted, given, comparison)
    for name, values in wanted.items():
        _compare_output(name, values, given[name], comparison)
    return comparison


def _plain(value: Any) -> np.ndarray:
    """Returns numbers as float64 and strings as an object array of str."""
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        flat = [x.decode(errors="replace") if isinstance(x, bytes) else x for x in array.ravel()]
        return np.array(flat, dtype=object).reshape(array.shape)
    return array.astype(np.float64)


def _within(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    # Written so that a NaN, also one on both sides, is not within.
    return np.abs(expected - got) <= TOLERANCE * np.maximum(1.0, np.abs(expected))


def _compare_output(
    name: str, expected: np.ndarray, got: np.ndarray, comparison: Comparison
) -> None:
    if expected.dtype == object or got.dtype == object:
        differs = expected != got
    else:
        differs = ~_within(expected, got)
        differences = np.abs(expected - got)
        finite = differences[np.isfinite(differences)]
        comparison.max_abs_diff = max(comparison.max_abs_diff, float(finite.max(initial=0.0)))
    if differs.any():
        place = tuple(int(axis[0]) for axis in np.nonzero(differs))
        # As Python's own values: what numpy's say of themselves changes with its version.
        wanted, given = (np.array(values[place]).tolist() for values in (expected, got))
        comparison.faults.append(
            f"output {name} at {list(place)}: expected {wanted!r}, got {given!r}"
            f" ({int(differs.sum())} of {differs.size} values differ)"
        )


def _in_expected_order(
    expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray], comparison: Comparison
) -> dict[str, np.ndarray]:
    """Moves each item with all its outputs to the place where it was expected.

    Items that swapped then compare equal only if their scores are.
    """
    ordered = {name: values.copy() for name, values in got.items()}
    by_item = [name for name in ordered
               if got[name].shape[:2] == got["item_ids"].shape and name != _OF_THE_USER]
    for row, (ids, got_ids) in enumerate(zip(expected["item_ids"], got["item_ids"], strict=True)):
        places = {item: place for place, item in enumerate(got_ids) if item}
        if len(places) < np.count_nonzero(got_ids):
            comparison.faults.append(
                f"output item_ids at [{row}]: an item is there twice: {got_ids}")
        scores = expected["scores"][row, : np.count_nonzero(ids)]
        for place, item in enumerate(ids):
            for name in by_item:
                if item in places:
                    ordered[name][row, place] = got[name][row, places[item]]
                # Which of several items of equal score comes last is chance.
                elif item and _within(scores[-1], scores[place]):
                    ordered[name][row, place] = expected[name][row, place]
    return ordered
