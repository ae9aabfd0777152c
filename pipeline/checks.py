"""The sections `checks` and `cold_items` of a configuration: how a model is judged."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from trainer.options import Count, Number, Positive, Share, Strict, Weight, Whole

# What an earlier form of the configuration called a key, and what says the same now.
_EARLIER = {
    "max_quarantine_share": "'max_quarantine_share' is within 'checks' now, as in checks: "
                            "{max_quarantine_share: 0.01}",
    "thresholds": "'thresholds' is called 'checks' now, as in checks: {max_error_ratio: 0.999}",
}
_EARLIER_CHECKS = {
    "max_rmse": "'max_rmse' holds for one scale only; give the error as a share of what the "
                "training's mean reaches, as in max_error_ratio: 0.999",
    "min_auc": "'min_auc' is given above the 0.5 of chance now, as in min_auc_above_chance: 0.05",
    "max_rmse_increase": "'max_rmse_increase' holds for one scale only; give the increase as a "
                         "share of the last blessed model's error, as in "
                         "max_error_increase: 0.02",
}


def refuse_earlier(values: Any, earlier: dict[str, str] = _EARLIER) -> Any:
    """Refuses keys of an earlier form, with the new one.

    Raises:
      ValueError: There is such a key.
    """
    for key in earlier if isinstance(values, dict) else ():
        if key in values:
            raise ValueError(earlier[key])
    return values


class Checks(Strict):
    """What blesses a model: all checks of its pipeline, with these thresholds.

    Attributes:
      max_quarantine_share: Share of a table's rows that may be quarantined, and that a column may
        have had values in that are all lost.
      past: What the data are compared with: so many of the newest blessed runs of the dataset, of
        which the nearest counts, or the id of one run. With 7 daily runs a Sunday is compared with
        the last Sunday too.
      max_error_ratio: Largest error of a rating or a class task, as a share of what predicting the
        training's mean or shares reaches on the same rows.
      min_auc_above_chance: How far a probability's area under the curve must be above the 0.5 of
        chance.
      max_error_increase: Against the last blessed model, as a share of its error.
      max_auc_decrease: Against the last blessed model.
      min_requests: How many requests the server must have answered; the recorded ones are sent
        again until then.
      max_p99_ms: Of an answer of the server.
      min_ndcg_above_popularity: How far the ranking's NDCG@10 must be above that of the popularity
        baseline.
      min_ndcg_difference: How far below the best baseline the ranking may be: the lower end of the
        95 % interval of NDCG@10, model less baseline over the same users, must be above it. The
        fewer users, the wider the interval.
      max_ndcg_shortfall: The same as a share of the best baseline's NDCG@10; the stricter of both
        holds, for where NDCG@10 is small a fixed difference is much of it.
      max_ndcg_decrease: Against the last blessed model, over the same users; besides, the 95 %
        interval of the difference must reach 0.
      min_ranked_users: Fewest users of the test split whose ranking blesses a model.
      max_value_loss: How much worse than mean + user + item a rating or a like may be, of an error
        as a share, of an area by itself; worse is that whose whole 95 % interval is beyond it.
      further: Checks of extensions that the pipeline has, by name, each with its options.
      reported: Names of checks whose failure is reported and refuses no model.
    """

    max_quarantine_share: Annotated[Number, Field(ge=0, le=1)] = 0.01
    past: Annotated[Count, Field(le=100)] | Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")] = 1
    max_error_ratio: Positive = 0.999
    min_auc_above_chance: Annotated[Number, Field(ge=-0.5, le=0.5)] = 0.05
    max_error_increase: Weight = 0.02
    max_auc_decrease: Weight = 0.02
    min_requests: Annotated[Count, Field(le=100_000)] = 100
    max_p99_ms: Positive = 1000.0
    min_ndcg_above_popularity: Annotated[Number, Field(ge=-1, le=1)] = 0.0
    min_ndcg_difference: Annotated[Number, Field(ge=-1, le=1)] = -0.01
    max_ndcg_shortfall: Positive = 0.1
    max_ndcg_decrease: Annotated[Number, Field(ge=0, le=1)] = 0.02
    min_ranked_users: Count = 10
    max_value_loss: Weight = 0.02
    further: dict[str, dict[str, Any]] = {}
    reported: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _refuse_earlier(cls, values: Any) -> Any:
        return refuse_earlier(values, _EARLIER_CHECKS)

    @property
    def min_auc(self) -> float:
        """The area under the curve that is asked for."""
        return 0.5 + self.min_auc_above_chance


class ColdItems(Strict):
    """Which items a second training does without, to rank them.

    Attributes:
      share: How many of the items with enough events; 0 leaves the second training out.
      min_events: How many events are enough.
      draw: Seed of the draw.
    """

    share: Share = 0.2
    min_events: Count = 5
    draw: Annotated[Whole, Field(ge=0, lt=2**31)] = 0
