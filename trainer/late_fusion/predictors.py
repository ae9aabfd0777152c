"""The kinds of predictors of a label's value in closed form, in one registry.

All but `biases` explain what the biases leave, so that a stack can weigh each by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from trainer.closed_form.biases import (
    FACTOR_AXES,
    Biases,
    Values,
    fit_biased_factors,
    fit_biases,
    recent_means,
    ridge_of_owners,
)
from trainer.closed_form.events import Events
from trainer.closed_form.neighbours import fit_ease
from trainer.closed_form.one_thread import one_thread
from trainer.closed_form.rankers import RANKERS
from trainer.closed_form.search import Axis, Parameters, middles, search

_HORIZONS = (5.0, 15.0, 50.0)
_DIM = 48  # Of the item-to-item scores.
_SAMPLE = 20_000  # Users whose scores give the leading components.


@dataclass(frozen=True)
class PairProduct:
    """A predictor whose value is the inner product of a user's and an item's row.

    Attributes:
      users: `(users, dim)` float32; row 0 is the unknown user.
      items: `(items, dim)` float32; row 0 is the unknown item.
    """

    users: np.ndarray
    items: np.ndarray

    @staticmethod
    def of(users: np.ndarray, items: np.ndarray) -> "PairProduct":
        """Returns the product of two tables of any float dtype; a flat one is a column."""
        return PairProduct(*(np.ascontiguousarray(table.reshape(len(table), -1), np.float32)
                             for table in (users, items)))

    def predictions(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Returns the value of each pair, `(rows,)`."""
        return np.einsum("rd,rd->r", self.users[users], self.items[items])


@dataclass(frozen=True)
class Behaviour:
    """Who met what, whatever the label: what it says is computed once for all tasks.

    Attributes:
      events: All events of some splits.
    """

    events: Events

    @cached_property
    def item_to_item(self) -> tuple[PairProduct, ...]:
        """The leading components of EASE's scores."""
        from sklearn.utils.extmath import randomized_svd

        events = self.events
        fitted = fit_ease(events, True, **middles(RANKERS["ease"].axes))
        rows, weights = fitted.history, fitted.weights
        if not len(weights):
            return ()
        some = np.random.default_rng(0).permutation(events.n_users)[:_SAMPLE]
        with one_thread(_DIM):
            right = randomized_svd(rows[some] @ weights, min(_DIM, *rows.shape), random_state=0)[2]
        return (PairProduct.of(rows @ (weights @ right.T), fitted.placed(right.T)),)


@dataclass(frozen=True)
class Known:
    """What predictors learn from.

    Attributes:
      rows: The rows of some splits that have the label.
      behaviour: All events of those splits.
      users: Content of the users, `(users, dim)`.
      items: Content of the items, `(items, dim)`.
      penalties: The penalties of the biases.
    """

    rows: Values
    behaviour: Behaviour
    users: np.ndarray
    items: np.ndarray
    penalties: Parameters

    @cached_property
    def biases(self) -> Biases:
        """The biases of the rows."""
        return fit_biases(self.rows, **self.penalties)

    @cached_property
    def residuals(self) -> np.ndarray:
        """What the biases leave of the label, `(rows,)`."""
        return self.rows.values - self.biases.predictions(self.rows.users, self.rows.items)


@dataclass(frozen=True)
class PredictorKind:
    """A kind of predictor.

    Attributes:
      fit: Makes one or more products of what is known and the parameters of `axes`.
      axes: What to try of each parameter.
      drifts: Whether it says how a user's label moves in time. It moves by what the user chose
        before; an item that nobody has met yet is no such choice.
    """

    fit: Callable[..., tuple[PairProduct, ...]]
    axes: Mapping[str, Axis] = field(default_factory=dict)
    drifts: bool = False

    def tuned(self, train: Known, validation: Values) -> Parameters:
        """Returns the parameters whose products explain most of what the biases leave.

        Args:
          train: What is known before validation.
          validation: The rows of the validation split.
        """
        residuals = validation.values - train.biases.predictions(validation.users, validation.items)

        def explained(parameters: Parameters) -> float:
            columns = np.stack([product.predictions(validation.users, validation.items)
                                for product in self.fit(train, **parameters)], axis=1)
            columns = columns - columns.mean(axis=0)
            weights = np.linalg.lstsq(columns, residuals, rcond=None)[0]
            return -float(np.sum((residuals - columns @ weights) ** 2))

        if not self.axes or not len(residuals):
            return middles(self.axes)
        return search(self.axes, explained).best


def _biases(known: Known) -> tuple[PairProduct, ...]:
    """Mean + user + item."""
    biases = known.biases
    return (PairProduct.of(
        np.stack([biases.users + biases.mean, np.ones_like(biases.users)], axis=1),
        np.stack([np.ones_like(biases.items), biases.items], axis=1)),)


def _recent_biases(known: Known) -> tuple[PairProduct, ...]:
    """A user's latest rows, as far as they differ from the items' means."""
    biases, rows = known.biases, known.rows
    beyond_items = rows.values - biases.mean - biases.items[rows.items]
    return tuple(PairProduct.of(recent_means(rows, beyond_items, horizon) - biases.users,
                                np.ones(rows.n_items)) for horizon in _HORIZONS)


def _factors(known: Known, penalty: float, dim: float) -> tuple[PairProduct, ...]:
    """Factors by alternating least squares."""
    factors = fit_biased_factors(known.rows, **known.penalties, penalty=penalty, dim=dim)
    return (PairProduct.of(factors.users, factors.items),)


def _item_to_item(known: Known) -> tuple[PairProduct, ...]:
    """The leading components of EASE's scores: who likes what goes with an item rates it higher."""
    return known.behaviour.item_to_item


def _content(known: Known, penalty: float) -> tuple[PairProduct, ...]:
    """What a user thinks of an item's content."""
    rows = known.rows
    return (PairProduct.of(ridge_of_owners(
        rows.users, known.items[rows.items], known.residuals, rows.n_users, penalty), known.items),)


def _profile(known: Known, penalty: float) -> tuple[PairProduct, ...]:
    """What users of a profile think of an item."""
    rows = known.rows
    return (PairProduct.of(known.users, ridge_of_owners(
        rows.items, known.users[rows.users], known.residuals, rows.n_items, penalty)),)


_RIDGE = {"penalty": Axis((10.0, 30.0, 100.0), 3.0, 1.0, 1e4)}
PREDICTOR_KINDS: dict[str, PredictorKind] = {
    "biases": PredictorKind(_biases),
    "recent_biases": PredictorKind(_recent_biases, drifts=True),
    "factors": PredictorKind(_factors, FACTOR_AXES),
    "item_to_item": PredictorKind(_item_to_item),
    "content": PredictorKind(_content, _RIDGE),
    "profile": PredictorKind(_profile, _RIDGE),
}
