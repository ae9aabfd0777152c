"""What a ranker in closed form learns from: who met what, when, and whether it was relevant."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Events:
    """Events of one or more splits.

    Attributes:
      users: User index of each event, `(events,)` int.
      items: Item index of each event, `(events,)` int.
      times: Time of each event in seconds, `(events,)` int64; all equal where there are no times.
      relevant: Whether the event makes its item relevant, `(events,)` bool.
      n_users: Number of users.
      n_items: Number of items.

    Example:
      >>> events = Events(np.array([0, 0, 1]), np.array([1, 2, 1]), np.array([5, 9, 7]),
      ...                 np.array([True, False, True]), n_users=2, n_items=3)
      >>> events.matrix(relevant_only=True).toarray()
      array([[0., 1., 0.],
             [0., 1., 0.]])
    """

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    relevant: np.ndarray
    n_users: int
    n_items: int

    def __len__(self) -> int:
        return len(self.users)

    @property
    def timed(self) -> bool:
        """Whether events differ in time."""
        return bool(len(self) and np.ptp(self.times) > 0)

    def matrix(self, relevant_only: bool) -> sparse.csr_matrix:
        """Returns who met what, `(n_users, n_items)` float64 of 0 and 1."""
        pairs = self._pairs(relevant_only)
        return self._filled(pairs, np.ones(len(pairs)))

    def item_counts(self, relevant_only: bool) -> np.ndarray:
        """Returns how many users each item has, `(n_items,)` float64."""
        return np.asarray(self.matrix(relevant_only).sum(axis=0)).ravel()

    def weighted(self, relevant_only: bool, horizon: float, floor: float) -> sparse.csr_matrix:
        """Returns who met what, later events with more weight.

        Args:
          relevant_only: Whether to leave out events that are not relevant.
          horizon: By how many events of the user the weight falls by the factor e.
          floor: Weight of what is infinitely long ago, from 0 to 1.

        Returns:
          `(n_users, n_items)` float64, weights from `floor` to 1.
        """
        pairs = self._pairs(relevant_only)
        ages = ages_of(self.users, self.ranks, self.n_users)[pairs]
        return self._filled(pairs, floor + (1 - floor) * np.exp(-ages / horizon))

    def pair_ranks(self, relevant_only: bool) -> sparse.csr_matrix:
        """Returns the rank of each pair's last event, `(n_users, n_items)`; zeros are stored."""
        pairs = self._pairs(relevant_only)
        return self._filled(pairs, self.ranks[pairs])

    @cached_property
    def ranks(self) -> np.ndarray:
        """See `ranks_by_time`, `(events,)`."""
        return ranks_by_time(self.users, self.times)

    @property
    def warm(self) -> np.ndarray:
        """Whether an item has an event, `(n_items,)` bool."""
        return np.bincount(self.items, minlength=self.n_items) > 0

    @cached_property
    def moments(self) -> np.ndarray:
        """Time of each user's last event, `(n_users,)` float; the last of all for who has none."""
        moments = np.full(self.n_users, -np.inf)
        np.maximum.at(moments, self.users, self.times)
        return np.where(np.isfinite(moments), moments, self.times.max(initial=0))

    def _pairs(self, relevant_only: bool) -> np.ndarray:
        """Returns the last event of each pair, as positions sorted by user and item."""
        chosen = np.flatnonzero(self.relevant) if relevant_only else np.arange(len(self))
        order = chosen[np.lexsort((self.times[chosen], self.items[chosen], self.users[chosen]))]
        users, items = self.users[order], self.items[order]
        last = np.r_[(users[1:] != users[:-1]) | (items[1:] != items[:-1]), True]
        return order[last[: len(order)]]

    def _filled(self, pairs: np.ndarray, values: np.ndarray) -> sparse.csr_matrix:
        places = (self.users[pairs], self.items[pairs])
        return sparse.csr_matrix((values, places), shape=(self.n_users, self.n_items))


def ranks_by_time(users: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Returns the position of each event among its user's by time; ties share a mean.

    An order inside one second is an order of ids, of which no model may profit.

    Args:
      users: User index of each event, `(events,)` int.
      times: Time of each event, `(events,)`.

    Returns:
      `(events,)` float.
    """
    order = np.lexsort((times, users))
    owners, moments = users[order], times[order]
    new = np.r_[True, (owners[1:] != owners[:-1]) | (moments[1:] != moments[:-1])]
    group = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    middles = (starts + np.r_[starts[1:], len(order)] - 1) / 2
    first = np.searchsorted(owners, owners)
    ranks = np.empty(len(order))
    ranks[order] = middles[group] - first if len(order) else 0.0
    return ranks


def ages_of(users: np.ndarray, ranks: np.ndarray, n_users: int) -> np.ndarray:
    """Returns how many events ago each event was, counted from its user's last.

    Args:
      users: User index of each event, `(events,)` int.
      ranks: See `ranks_by_time`.
      n_users: Number of users.

    Returns:
      `(events,)` float.
    """
    last = np.zeros(n_users)
    np.maximum.at(last, users, ranks)
    return last[users] - ranks
