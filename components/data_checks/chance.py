"""What two samples of the same data may differ by, by chance alone."""

import math
from typing import Any

_FREQUENT = 3  # times as many as the rarest category that is kept


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


def divergence_beyond_chance(measured: float, profile: dict[str, Any], before: dict[str, Any]
                             ) -> float:
    """Returns by how many bits two columns diverge, less what two samples of the same would.

    The first term of the series of the latter is a chi-square over 8 ln 2, whose mean is the number
    of categories by the number of values.

    Args:
      measured: The divergence of the columns; where rare categories are not in the profiles, it is
        that of the frequent ones instead, for which rare ones are kept is chance.
      profile: The column's profile.
      before: That of the past.
    """
    both = [one["categorical"] for one in (profile, before) if one.get("categorical")]
    if len(both) < 2 or not all(one["count"] for one in both):
        return measured
    groups = max(one["distinct"] for one in both)
    if any(len(one["values"]) < one["distinct"] for one in both):
        measured, groups = _of_frequent(both)
    return measured - groups * sum(1 / one["count"] for one in both) / (8 * math.log(2))


def _of_frequent(both: list[dict[str, Any]]) -> tuple[float, int]:
    """Returns the divergence of the frequent categories, with one for all others, and how many."""
    rarest = [min(one["values"].values()) for one in both]
    frequent = sorted({value for one, least in zip(both, rarest, strict=True)
                       for value, count in one["values"].items() if count > _FREQUENT * least})
    shares = [[one["values"].get(value, least) / one["count"] for value in frequent]
              for one, least in zip(both, rarest, strict=True)]
    pairs = [*zip(*shares, strict=True), tuple(max(0.0, 1 - sum(part)) for part in shares)]
    return sum(share * math.log2(2 * share / sum(pair)) / 2
               for pair in pairs for share in pair if share), len(pairs)
