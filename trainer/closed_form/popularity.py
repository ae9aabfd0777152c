"""Popularity: of all time, of late, and around each user's moment."""

from dataclasses import dataclass

import numpy as np

from trainer.closed_form.events import Events

_BINS = 512  # Times are counted in so many bins of equally many events.


@dataclass(frozen=True)
class Popularity:
    """Scores that are the same for everybody.

    Attributes:
      counts: Weight of each item's events, `(n_items,)` float64.
    """

    counts: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float64."""
        return np.broadcast_to(self.counts, (len(users), len(self.counts)))


@dataclass(frozen=True)
class MomentPopularity:
    """Scores by the events around each user's last one.

    Attributes:
      counts: Events of each item in each bin of time, `(bins, n_items)` float64.
      times: Middle of each bin in seconds, `(bins,)` float64.
      moments: Time of each user's last event, `(n_users,)` float64.
      width: Seconds after and before which an event counts by the factor e less.
      share: What an event of any time counts.
    """

    counts: np.ndarray
    times: np.ndarray
    moments: np.ndarray
    width: float
    share: float

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float64."""
        gaps = np.abs(self.moments[users][:, None] - self.times)
        return (np.exp(-gaps / self.width) + self.share) @ self.counts


def fit_popularity(events: Events, relevant_only: bool) -> Popularity:
    """Counts the users of each item."""
    return Popularity(events.item_counts(relevant_only))


def fit_recent_popularity(events: Events, relevant_only: bool, days: float) -> Popularity:
    """Counts the events of each item, by the factor e less for each `days` before the last."""
    chosen = events.relevant if relevant_only else np.ones(len(events), bool)
    age = (events.times.max(initial=0) - events.times[chosen]) / 86_400
    return Popularity(np.bincount(events.items[chosen], np.exp(-age / days), events.n_items))


def fit_moment_popularity(events: Events, relevant_only: bool, days: float,
                          share: float = 0.05) -> MomentPopularity:
    """Counts the events of each item around each user's last event, on both sides of it."""
    chosen = events.relevant if relevant_only else np.ones(len(events), bool)
    times = events.times[chosen].astype(float)
    bounds = np.unique(np.quantile(times, np.linspace(0, 1, _BINS + 1))) if len(times) else times
    places = np.clip(np.searchsorted(bounds, times, "right") - 1, 0, max(len(bounds) - 2, 0))
    bins = max(len(bounds) - 1, 1)
    counts = np.bincount(places * events.n_items + events.items[chosen],
                         minlength=bins * events.n_items).reshape(bins, events.n_items)
    sizes = np.maximum(np.bincount(places, minlength=bins), 1)
    middles = np.bincount(places, times, bins) / sizes
    return MomentPopularity(counts.astype(float), middles, events.moments, days * 86_400, share)
