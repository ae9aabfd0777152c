"""What a model must reach: more than popularity, the best baseline, the last blessed model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainer.evaluation.ranking import PairedDifference


@dataclass(frozen=True)
class Limits:
    """The thresholds of the ranking, in NDCG@10, and of predicted values.

    Attributes:
      above_popularity: How far the model must be above popularity at least.
      below_baseline: What the lower end of the 95 % interval of the difference to the best baseline
        must be above.
      shortfall: The same as a share of the baseline's NDCG@10; the stricter one holds.
      decrease: How far the model may be below the last blessed one at most.
      ranked_users: Fewest users whose ranking is a proof.
      value_loss: See `value_reasons`.
    """

    above_popularity: float
    below_baseline: float
    shortfall: float
    decrease: float
    ranked_users: int
    value_loss: float


@dataclass(frozen=True)
class Comparison:
    """The model against another ranking of the same users.

    Attributes:
      name: The other ranking's name.
      called: What a sentence calls it.
      model: NDCG@10 of the model.
      other: NDCG@10 of the other.
      paired: Their difference.
    """

    name: str
    called: str
    model: float
    other: float
    paired: PairedDifference

    @property
    def figures(self) -> dict[str, Any]:
        """What `metrics.json` has of it."""
        return {"name": self.name, "difference": self.paired.mean, "low": self.paired.low,
                "high": self.paired.high, "p": self.paired.p_value}

    def __str__(self) -> str:
        """Returns both figures and the interval in words."""
        return (f"NDCG@10 is {self.model:.4f}, {self.called} has {self.other:.4f}: the difference "
                f"of {self.paired.mean:+.4f} has a 95 % interval from {self.paired.low:+.4f} to "
                f"{self.paired.high:+.4f} over the same users")


def reasons(limits: Limits, popularity: Mapping[str, float], model: Mapping[str, float],
            best: Comparison, last: Comparison | None) -> list[str]:
    """Returns why a ranking is not good enough.

    Args:
      limits: The thresholds.
      popularity: Metrics of the popularity baseline.
      model: Metrics of the model.
      best: The model against the best baseline.
      last: The model against the last blessed one, where there is one.

    Returns:
      One sentence for each limit that is missed; a number that is none misses it.
    """
    reached, floor = model["ndcg@10"], popularity["ndcg@10"]
    failures = []
    if model["users"] < limits.ranked_users:
        failures.append(f"{model['users']} users can be ranked, and fewer than "
                        f"{limits.ranked_users} prove nothing")
    if not reached > 0:
        failures.append("NDCG@10 is 0: nobody has a relevant item among the first ten")
    if not reached >= floor + limits.above_popularity:
        above = f" by {limits.above_popularity:+.3f}" if limits.above_popularity else ""
        failures.append(f"NDCG@10 {reached:.3f} is below the popularity baseline's {floor:.3f}"
                        + (f", which must be passed{above}" if above else ""))
    margin = limits.below_baseline
    if best.other:
        margin = max(margin, -limits.shortfall * best.other)
    if not best.paired.low > margin:
        failures.append(f"{best}, and its lower end must be above {margin:+.4f}")
    if last is not None and not (last.paired.mean >= -limits.decrease and last.paired.high >= 0):
        failures.append(f"{last}; it may be {limits.decrease:.4f} lower at most, and the interval "
                        "must reach 0")
    return failures
