"""Mean + user + item: the baseline of a rating and of a like, and what is left beyond it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from trainer.closed_form.events import ages_of, ranks_by_time
from trainer.closed_form.one_thread import one_thread
from trainer.closed_form.search import Axis, Search, search

_SWEEPS = 12  # The biases move by less than a thousandth after these.
_FACTOR_SWEEPS = 8
_PENALTY = Axis((1.0, 2.0, 4.0, 8.0), 2.0, 0.01, 10_000.0)
BIAS_AXES = {"user_penalty": _PENALTY, "item_penalty": _PENALTY}
FACTOR_AXES = {"penalty": Axis((2.5, 5.0, 10.0, 20.0), 2.0, 0.1, 10_000.0),
               "dim": Axis((8.0, 16.0), 2.0, 4.0, 64.0)}


@dataclass(frozen=True)
class Values:
    """A label's values on some rows.

    Attributes:
      users: User index of each row, `(rows,)` int.
      items: Item index of each row, `(rows,)` int.
      values: The label, `(rows,)` float64.
      times: Time of each row in seconds, `(rows,)` int64; all equal if there are no times.
      n_users: Number of users.
      n_items: Number of items.
    """

    users: np.ndarray
    items: np.ndarray
    values: np.ndarray
    times: np.ndarray
    n_users: int
    n_items: int

    @cached_property
    def ages(self) -> np.ndarray:
        """How many rows of its user ago each row was, `(rows,)` float."""
        return ages_of(self.users, ranks_by_time(self.users, self.times), self.n_users)

    @property
    def known_users(self) -> np.ndarray:
        """Whether a user has a row, `(n_users,)` bool."""
        return np.bincount(self.users, minlength=self.n_users) > 0

    @property
    def known_items(self) -> np.ndarray:
        """Whether an item has a row, `(n_items,)` bool."""
        return np.bincount(self.items, minlength=self.n_items) > 0

    def at(self, rows: np.ndarray) -> "Values":
        """Returns the values of some rows."""
        return replace(self, users=self.users[rows], items=self.items[rows],
                       values=self.values[rows], times=self.times[rows])


@dataclass(frozen=True)
class Biases:
    """A mean and what each user and item adds to it; who has no row adds 0.

    Attributes:
      mean: Mean of the label.
      users: `(n_users,)` float64.
      items: `(n_items,)` float64.
    """

    mean: float
    users: np.ndarray
    items: np.ndarray

    def predictions(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Returns the value of each pair, `(rows,)` float64."""
        return self.mean + self.users[users] + self.items[items]


@dataclass(frozen=True)
class BiasedFactors:
    """Biases, and factors of what they leave.

    Attributes:
      biases: The biases.
      users: `(n_users, dim)`; zeros for who has no row.
      items: `(n_items, dim)`; zeros for what has no row.
    """

    biases: Biases
    users: np.ndarray
    items: np.ndarray

    def predictions(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Returns the value of each pair, `(rows,)` float64."""
        products = np.einsum("rd,rd->r", self.users[users], self.items[items])
        return self.biases.predictions(users, items) + products


def fit_biases(rows: Values, user_penalty: float, item_penalty: float) -> Biases:
    """Fits the biases by turns.

    Args:
      rows: What to learn from.
      user_penalty: So many average rows are added to each user's.
      item_penalty: The same of an item.
    """
    mean = float(rows.values.mean()) if len(rows.values) else 0.0
    residuals = rows.values - mean
    of_user, of_item = np.zeros(rows.n_users), np.zeros(rows.n_items)
    user_rows = np.bincount(rows.users, minlength=rows.n_users) + user_penalty
    item_rows = np.bincount(rows.items, minlength=rows.n_items) + item_penalty
    for _ in range(_SWEEPS):
        of_item = np.bincount(rows.items, residuals - of_user[rows.users], rows.n_items) / item_rows
        of_user = np.bincount(rows.users, residuals - of_item[rows.items], rows.n_users) / user_rows
    return Biases(mean, of_user, of_item)


def fit_biased_factors(rows: Values, user_penalty: float, item_penalty: float, penalty: float,
                       dim: float) -> BiasedFactors:
    """Fits the biases, and by alternating least squares factors of what they leave.

    Args:
      rows: What to learn from.
      user_penalty: See `fit_biases`.
      item_penalty: See `fit_biases`.
      penalty: Weight of the factors' squared norms.
      dim: Number of factors.
    """
    biases = fit_biases(rows, user_penalty, item_penalty)
    residuals = rows.values - biases.predictions(rows.users, rows.items)
    items = np.random.default_rng(0).normal(0, 0.1, (rows.n_items, int(dim)))
    users = np.zeros((rows.n_users, int(dim)))
    with one_thread():
        for _ in range(_FACTOR_SWEEPS):
            _solve(users, rows.users, items[rows.items], residuals, penalty)
            _solve(items, rows.items, users[rows.users], residuals, penalty)
    return BiasedFactors(biases, users, items)


def tuned_biases(train: Values, validation: Values) -> Search:
    """Finds the penalties of the smallest squared error on validation."""
    return search(BIAS_AXES,
                  lambda penalties: -squared_error(fit_biases(train, **penalties), validation))


def tuned_biased_factors(train: Values, validation: Values, biases: Search) -> Search:
    """Finds the factors' penalty and number, with the penalties of biases found before."""
    factors = search(
        FACTOR_AXES,
        lambda some: -squared_error(fit_biased_factors(train, **biases.best, **some), validation))
    return Search(biases.best | factors.best, factors.score, factors.tried, factors.at_bound)


def squared_error(model: Biases | BiasedFactors, rows: Values) -> float:
    """Returns the mean squared error; 0 without rows."""
    if not len(rows.values):
        return 0.0
    return float(np.mean((model.predictions(rows.users, rows.items) - rows.values) ** 2))


def rows_by_owner(owners: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yields each owner that has a row, with the positions of its rows.

    Args:
      owners: Index of each row's owner, `(rows,)` int.
    """
    order = np.argsort(owners, kind="stable")
    names, starts = np.unique(owners[order], return_index=True)
    for owner, (start, end) in zip(names, pairwise([*starts, len(order)]), strict=True):
        yield int(owner), order[start:end]


def _solve(factors: np.ndarray, owners: np.ndarray, others: np.ndarray, values: np.ndarray,
           penalty: float) -> None:
    """Sets each owner's factors to the ridge regression of its values on the others'."""
    ridge = penalty * np.eye(factors.shape[1])
    for owner, rows in rows_by_owner(owners):
        own = others[rows]
        factors[owner] = np.linalg.solve(own.T @ own + ridge, own.T @ values[rows])


def recent_means(rows: Values, residuals: np.ndarray, horizon: float) -> np.ndarray:
    """Returns each user's mean of what is left, in which later rows weigh more, `(n_users,)`.

    One average row of weight 1 is added to each user's, so that few rows say little.

    Args:
      rows: The rows.
      residuals: What is left of their label, `(rows,)`.
      horizon: By how many rows of the user the weight falls by the factor e.
    """
    weights = np.exp(-rows.ages / horizon)
    sums = np.bincount(rows.users, weights * residuals, rows.n_users)
    return sums / (np.bincount(rows.users, weights, rows.n_users) + 1.0)


def ridge_of_owners(owners: np.ndarray, contents: np.ndarray, residuals: np.ndarray, n_owners: int,
                    penalty: float) -> np.ndarray:
    """Returns the ridge regression of each owner's rows on their contents.

    Args:
      owners: Index of each row's owner, a user or an item, `(rows,)`.
      contents: Content of what the row is about, `(rows, dim)`.
      residuals: What is left of the label, `(rows,)`.
      n_owners: Number of owners.
      penalty: Weight of the squared norms.

    Returns:
      `(n_owners, dim)`, zeros for an owner without a row.
    """
    coefficients = np.zeros((n_owners, contents.shape[1]))
    ridge = penalty * np.eye(contents.shape[1])
    with one_thread(contents.shape[1]):
        for owner, rows in rows_by_owner(owners):
            own = contents[rows]
            coefficients[owner] = np.linalg.solve(own.T @ own + ridge, own.T @ residuals[rows])
    return coefficients
