"""What the model can learn from the interactions: ratings, and things that are 0 or 1."""

import math

from schemas.inference.column import BYTES, FLOAT, INT, Column, hints_at
from schemas.inference.proposal import Proposal, decide, origin
from schemas.values.numbers import means_yes

_SCALES = ((1, 5), (0.5, 5), (0, 5), (1, 10), (0, 10), (-1, 1), (-10, 10), (0, 100))
_UNNAMED = (5, 7, 10)  # tops of a scale that is seen by its values alone
_LIKED = 0.75  # of the scale
_UNRATED = (0.0, -1.0)  # what tables write if nobody rated


def find_ratings(columns: list[Column], typed: bool) -> list[Column]:
    """Finds the columns that hold a rating, the likeliest first.

    Args:
      columns: The interactions' columns that play no role.
      typed: The events have types, so that small numbers are rather quantities.

    Returns:
      Numbers that are called a rating, before whole numbers that fill a scale up to 5, 7 or 10.
    """
    numbers = [c for c in columns if c.number and not c.listed and c.distinct > 1
               and not c.zero_or_one and not hints_at(c.given, "count")]
    named = [c for c in numbers if hints_at(c.given, "rating") and scale_of(c)]
    filled = [c for c in numbers if c not in named and c.kind == INT and not c.media
              and c.maximum in _UNNAMED and c.minimum in (0, 1)
              and c.scale == tuple(float(n) for n in range(int(c.minimum), int(c.maximum) + 1))]
    return [*named, *([] if typed else filled)]


def scale_of(column: Column) -> tuple[float, float] | None:
    """Returns the usual scale that holds all values, or their own range, if it is no wild one."""
    if column.minimum is None or column.maximum is None or column.maximum > 100:
        return None
    low, high = column.minimum, column.maximum
    if unrated(column) == low < 0:
        low = column.scale[1] if column.scale else 0.0
    fitting = [s for s in _SCALES if s[0] <= low and high <= s[1]]
    fitting.sort(key=lambda scale: scale[1] - scale[0])
    return fitting[0] if fitting else (low, high)


def unrated(column: Column) -> float | None:
    """Returns the 0 or -1 of a rating that may mean that nobody rated, else `None`.

    It is the lowest value, and the others are at least 1 (for -1: at least 0) and several.
    """
    low = column.minimum
    if low not in _UNRATED or column.maximum is None or column.maximum < 3:
        return None
    if not column.scale:  # too many values to be listed
        return low if low < 0 else None
    others = column.scale[1:]
    return low if len(others) > 1 and others[0] >= low + 1 else None


def threshold(scale: tuple[float, float], column: Column) -> float:
    """Returns the value of a scale from which on a rating is a like."""
    low, high = scale
    exact = low + _LIKED * (high - low)
    step = 1.0 if column.whole else 0.5 if _halves(column) else 0.0
    return math.ceil(exact / step - 1e-9) * step if step else round(exact, 2)


def _halves(column: Column) -> bool:
    return bool(column.scale) and all((2 * value).is_integer() for value in column.scale)


def rating(column: Column, others: list[Column], liked: bool) -> Proposal:
    """Proposes a rating, and the likes that it means.

    Args:
      column: The rating.
      others: Further columns that could be it.
      liked: Another column says what is liked.

    Returns:
      The proposal, FLOAT with the scale as its domain.
    """
    scale = scale_of(column) or (0.0, 0.0)
    comments = list(origin(column))
    if not hints_at(column.given, "rating"):
        comments.append(decide(f"taken for a rating because its values are the whole numbers from "
                               f"{scale[0]:g} to {scale[1]:g}; is it?"))
    if others:
        names = ", ".join(c.given for c in others)
        comments.append(decide(f"{names} may be the rating as well; keep one."))
    none = unrated(column)
    if none is not None:
        comments.append(decide(f"{none:g} is among the ratings: the worst one, or does it say that "
                               "nobody rated? If so, leave it empty in the file (the event stays, "
                               f"without a rating) and set min: {_worst(column, scale):g}."))
    domain = scale if none is None else (min(none, scale[0]), scale[1])
    if scale != (column.minimum, column.maximum) and domain == scale:
        comments.append(decide(f"seen were {column.minimum:g} to {column.maximum:g}; is the scale "
                               f"{scale[0]:g} to {scale[1]:g}?"))
    tags = ["label:rating"]
    if not liked:
        start = threshold(scale, column)
        tags.append(f"label:like>={start:g}")
        comments.append(decide(f"from {start:g} on a rating is a like; is it?"))
    return Proposal(column.name, FLOAT, tuple(tags), domain=domain, comments=tuple(comments))


def _worst(column: Column, scale: tuple[float, float]) -> float:
    """Returns the lowest real rating of a scale."""
    return column.scale[1] if len(column.scale) > 1 else max(scale[0], 0.0)


def binary(column: Column, names: set[str]) -> Proposal | None:
    """Proposes the label of a column that is 0 or 1, or says yes or no.

    Args:
      column: A column of the interactions.
      names: Labels that are taken; the proposed one is added.

    Returns:
      The proposal, or `None` where the column is something else, such as a user's trait.
    """
    truths = {} if column.kind != BYTES or column.listed else means_yes(column.values)
    if not (column.zero_or_one or truths) or hints_at(column.given, "trait"):
        return None
    name = "like" if hints_at(column.given, "like") and "like" not in names else column.name
    if name in names:
        return None
    names.add(name)
    if len(truths) == 2:
        yes = next(text for text, true in truths.items() if true)
        return Proposal(column.name, BYTES, (f"label:{name}={yes}",), comments=origin(column))
    comments = origin(column)
    if truths:
        comments += (f"Read as 0 and 1: {', '.join(column.values)}.",)
    return Proposal(column.name, INT, (f"label:{name}",), domain=(0, 1), comments=comments)
