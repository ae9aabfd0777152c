"""Every ranker in closed form, in one list, with what there is to tune."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trainer.closed_form.events import Events
from trainer.closed_form.factors import fit_ials
from trainer.closed_form.neighbours import (
    fit_decayed_ease,
    fit_ease,
    fit_item_neighbours,
    fit_user_neighbours,
)
from trainer.closed_form.popularity import (
    fit_moment_popularity,
    fit_popularity,
    fit_recent_popularity,
)
from trainer.closed_form.search import Axis, Search, search
from trainer.evaluation.ranking import RankingTask, Scorer, rank


@dataclass(frozen=True)
class Ranker:
    """A kind of ranker.

    Attributes:
      fit: Makes a scorer of events, `relevant_only` and the parameters of `axes`.
      axes: What to try of each parameter.
      needs_times: Whether it is nothing new where events have no times.
    """

    fit: Callable[..., Scorer]
    axes: Mapping[str, Axis] = field(default_factory=dict)
    needs_times: bool = False

    def skipped(self, events: Events) -> str:
        """Returns why it is not run on these events; an empty text where it is."""
        return "the events have no times" if self.needs_times and not events.timed else ""

    def tuned(self, events: Events, relevant_only: bool, task: RankingTask) -> Search:
        """Finds the parameters of the highest NDCG@10.

        Args:
          events: What to learn from.
          relevant_only: Whether to leave out events that are not relevant.
          task: The ranking of later events; without a user, the middle values are taken.
        """
        if not len(task.users):
            return search(self.axes, lambda parameters: 0.0)
        return search(self.axes, lambda parameters: rank(
            self.fit(events, relevant_only, **parameters), task).metrics["ndcg@10"])


_PENALTY = Axis((50.0, 100.0, 200.0, 400.0), 2.0, 0.1, 1e6)
_DAYS = Axis((3.0, 10.0, 30.0), 3.0, 0.1, 1e4)
_NEIGHBOURS = Axis((25.0, 50.0, 100.0, 200.0), 2.0, 1.0, 5_000.0)

# A name with `-events` learns from all events, the others from the relevant ones.
RANKERS: dict[str, Ranker] = {
    "popularity": Ranker(fit_popularity),
    "recent-popularity": Ranker(fit_recent_popularity, {"days": _DAYS}, needs_times=True),
    "moment-popularity": Ranker(fit_moment_popularity, {"days": _DAYS}, needs_times=True),
    "item-knn": Ranker(fit_item_neighbours, {"neighbours": _NEIGHBOURS}),
    "user-knn": Ranker(fit_user_neighbours, {"neighbours": _NEIGHBOURS}),
    "ease": Ranker(fit_ease, {"penalty": _PENALTY}),
    "decayed-ease": Ranker(
        fit_decayed_ease,
        {"penalty": _PENALTY, "pair_horizon": Axis((20.0, 60.0, 180.0), 3.0, 1.0, 1e5),
         "horizon": Axis((15.0, 45.0), 3.0, 0.5, 1e5)},
        needs_times=True),
    "ials": Ranker(
        fit_ials,
        {"penalty": Axis((0.005, 0.01, 0.02, 0.04), 2.0, 1e-5, 10.0),
         "unobserved": Axis((0.2, 0.4), 2.0, 0.005, 10.0),
         "dim": Axis((16.0, 32.0, 64.0), 2.0, 8.0, 128.0)}),
}
