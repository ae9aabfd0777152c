"""The distribution of numbers in bars, counted; those of TFDV's statistics are estimates."""

import numpy as np

_BARS = 10
_PLACES = 20  # most bars where each is of one value


def bars(values: np.ndarray) -> list[dict[str, float]]:
    """Counts numbers in bars.

    Args:
      values: The numbers, `(values,)` float64, finite; one at least.

    Returns:
      `{"low", "high", "count"}` each, from the lowest on. Where the values are on a scale of few
      places, such as stars or 0 and 1, each bar is around one `value`, which it has as well;
      elsewhere there are ten, equally wide.
    """
    known, counts = np.unique(values, return_counts=True)
    step = float(np.diff(known).min()) if len(known) > 1 else 1.0
    if known[-1] - known[0] < _PLACES * step:
        return [{"low": value - step / 2, "high": value + step / 2, "value": value, "count": count}
                for value, count in zip(known.tolist(), counts.tolist(), strict=True)]
    counts, edges = np.histogram(values, _BARS)
    return [{"low": low, "high": high, "count": count} for low, high, count in zip(
        edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)]
