"""What two samples of the same data may differ by, by chance alone."""

import math
from typing import Any


def by_chance(share: float, count: int, others: int) -> float:
    """Returns by how much a share may differ between two samples, in all but one of a thousand.

    Args:
      share: The share in one of them.
      count: How many values one has.
      others: How many the other has.
    """
    few = max(1, min(count, others))
    share = min(max(share, 1 / few), 1 - 1 / few)
    return 3 * math.sqrt(share * (1 - share) * (1 / max(1, count) + 1 / max(1, others)))


def divergence_by_chance(profile: dict[str, Any], before: dict[str, Any]) -> float:
    """Returns the divergence in bits to expect of two samples of the same categories.

    The first term of its series is a chi-square over 8 ln 2, whose mean is the number of categories
    by the number of values.
    """
    both = [one["categorical"] for one in (profile, before) if one.get("categorical")]
    if len(both) < 2 or not all(one["count"] for one in both):
        return 0.0
    most = max(one["distinct"] for one in both)
    return sum(most / one["count"] for one in both) / (8 * math.log(2))
