"""Tuning on validation: an axis at a time, extended while its best is at its edge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Parameters = dict[str, float]
TUNING_USERS = 2_000  # of more as many are drawn to tune on


@dataclass(frozen=True)
class Axis:
    """Values of a parameter to try: a geometric row that grows on the side of its best.

    Attributes:
      start: Values tried in any case, ascending.
      factor: From one value to the next beyond them.
      low: Smallest value ever tried.
      high: Largest value ever tried.
    """

    start: tuple[float, ...]
    factor: float
    low: float
    high: float

    @property
    def middle(self) -> float:
        """The middle one of `start`."""
        return self.start[len(self.start) // 2]


def middles(axes: Mapping[str, Axis]) -> Parameters:
    """Returns the middle value of each axis."""
    return {name: axis.middle for name, axis in axes.items()}


@dataclass(frozen=True)
class Search:
    """What a search came to.

    Attributes:
      best: The parameters of the highest score.
      score: That score.
      tried: Every combination with its score, in the order of trying.
      at_bound: Parameters whose best is the smallest or the largest value allowed.
    """

    best: Parameters
    score: float
    tried: list[tuple[Parameters, float]] = field(default_factory=list)
    at_bound: tuple[str, ...] = ()

    def log(self, metric: str) -> dict[str, Any]:
        """Returns what was chosen and all that was tried, for JSON, its score called `metric`."""
        return {"parameters": self.best, "at_bound": list(self.at_bound),
                "tried": [{**parameters, metric: score} for parameters, score in self.tried]}


def search(axes: Mapping[str, Axis], score: Callable[[Parameters], float]) -> Search:
    """Finds the best parameters, an axis after the other, each from the best of those before.

    An axis is widened by its factor while its best value is its first or its last, up to its
    bounds. The first axes are the most important ones; the middle values are where each begins.

    Args:
      axes: The values of each parameter.
      score: The higher, the better; pure.

    Returns:
      The best combination and all that were tried.
    """
    tried: dict[tuple[float, ...], float] = {}
    best = middles(axes)

    def reached(name: str, value: float) -> float:
        parameters = best | {name: value}
        key = tuple(parameters.values())
        if key not in tried:
            tried[key] = score(parameters)
        return tried[key]

    bounds = []
    for name, axis in axes.items():
        values = list(axis.start)
        while True:
            top = max(values, key=lambda value: reached(name, value))
            wider = _beyond(values, top, axis)
            if wider is None:
                break
            values = sorted([*values, wider])
        best[name] = top
        if len(values) > 1 and top in (values[0], values[-1]):
            bounds.append(name)
    names = list(axes)
    log = [(dict(zip(names, key, strict=True)), value) for key, value in tried.items()]
    if not axes:
        log.append(({}, score({})))
    return Search(best, max(value for _, value in log), log, tuple(bounds))


def _beyond(values: list[float], top: float, axis: Axis) -> float | None:
    """Returns the next value on the side of the best; nothing where that is inside or bounded."""
    if top == values[0] and top > axis.low:
        return max(axis.low, top / axis.factor)
    if top == values[-1] and top < axis.high:
        return min(axis.high, top * axis.factor)
    return None
