"""Predictors of a label's value in closed form, and how they are stacked with a network's head.

The stack is a regression on the validation rows, of which neither the network nor the predictors
have learned (stacked generalization, Wolpert 1992).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import optimize

from trainer.closed_form.biases import (
    BiasedFactors,
    Biases,
    Values,
    fit_biased_factors,
    fit_biases,
    tuned_biased_factors,
    tuned_biases,
)
from trainer.closed_form.search import Parameters

_RIDGE = 1.0  # Against a weight that the validation rows do not support.


@dataclass(frozen=True)
class PairProduct:
    """A predictor whose value is the inner product of a user's and an item's row.

    Attributes:
      users: `(users, dim)` float32; row 0 is the unknown user.
      items: `(items, dim)` float32; row 0 is the unknown item.
    """

    users: np.ndarray
    items: np.ndarray

    def predictions(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Returns the value of each pair, `(rows,)`."""
        return np.einsum("rd,rd->r", self.users[users], self.items[items])


@dataclass(frozen=True)
class PredictorKind:
    """A kind of predictor.

    Attributes:
      tune: Finds its parameters, given the rows of train and of validation.
      fit: Makes a predictor of rows and those parameters.
    """

    tune: Callable[[Values, Values], Parameters]
    fit: Callable[..., PairProduct]


def _of_biases(biases: Biases) -> PairProduct:
    ones = np.ones_like
    return PairProduct(*(np.stack(parts, axis=1).astype(np.float32) for parts in (
        (biases.users, ones(biases.users)), (ones(biases.items), biases.mean + biases.items))))


def _of_factors(model: BiasedFactors) -> PairProduct:
    biases = _of_biases(model.biases)
    return PairProduct(np.concatenate([biases.users, model.users.astype(np.float32)], axis=1),
                       np.concatenate([biases.items, model.items.astype(np.float32)], axis=1))


PREDICTOR_KINDS: dict[str, PredictorKind] = {
    "biases": PredictorKind(
        lambda train, validation: tuned_biases(train, validation).best,
        lambda rows, **found: _of_biases(fit_biases(rows, **found))),
    "factors": PredictorKind(
        lambda train, validation: tuned_biased_factors(
            train, validation, tuned_biases(train, validation)).best,
        lambda rows, **found: _of_factors(fit_biased_factors(rows, **found))),
}


@dataclass(frozen=True)
class Stack:
    """The stack of one task.

    Attributes:
      intercept: Is added to the sum.
      network: Weight of the network's own output.
      weights: Weight of each predictor.
      predictors: The predictors, in the same order.
    """

    intercept: float
    network: float
    weights: tuple[float, ...]
    predictors: tuple[PairProduct, ...]

    def save(self, path: Path) -> None:
        """Writes the stack into one file."""
        arrays = {f"{side}_{place}": getattr(one, side)
                  for place, one in enumerate(self.predictors) for side in ("users", "items")}
        np.savez(path, weights=np.array([self.intercept, self.network, *self.weights]), **arrays)

    @staticmethod
    def load(path: Path) -> "Stack":
        """Reads a stack."""
        with np.load(path) as arrays:
            intercept, network, *weights = arrays["weights"].tolist()
            predictors = tuple(PairProduct(arrays[f"users_{n}"], arrays[f"items_{n}"])
                               for n in range(len(weights)))
        return Stack(intercept, network, tuple(weights), predictors)


UNSTACKED = Stack(0.0, 1.0, (), ())


def fit_stack(names: list[str], train: Values, validation: Values, known: Values,
              network: np.ndarray, binary: bool) -> Stack:
    """Fits the predictors of a task and their stack with the network.

    Args:
      names: Names of `PREDICTOR_KINDS`.
      train: Rows of the train split that have the label.
      validation: Rows of the validation split that have it.
      known: Rows of both.
      network: What the network that learned from train says of `validation`, `(rows,)`: a value,
        or the log-odds of a label that is 0 or 1.
      binary: Whether it is.
    """
    chosen = {name: PREDICTOR_KINDS[name].tune(train, validation) for name in names}
    before = [PREDICTOR_KINDS[name].fit(train, **chosen[name]) for name in names]
    columns = np.stack([network, *(one.predictions(validation.users, validation.items)
                                   for one in before)], axis=1)
    solve = _logistic if binary else _linear
    intercept, own, *weights = solve(columns, validation.values)
    after = [PREDICTOR_KINDS[name].fit(known, **chosen[name]) for name in names]
    return Stack(intercept, own, tuple(weights), tuple(after))


def _linear(columns: np.ndarray, values: np.ndarray) -> list[float]:
    """Returns intercept and non-negative weights of the smallest squared error."""
    if not len(values):
        return [0.0, 1.0, *([0.0] * (columns.shape[1] - 1))]
    mean, center = values.mean(), columns.mean(axis=0)
    # A ridge towards the plain mean of all columns.
    width = columns.shape[1]
    rows = np.concatenate([columns - center, np.sqrt(_RIDGE) * np.eye(width)])
    wanted = np.concatenate([values - mean, np.full(width, np.sqrt(_RIDGE) / width)])
    weights = optimize.nnls(rows, wanted)[0]
    return [float(mean - center @ weights), *weights.tolist()]


def _logistic(columns: np.ndarray, values: np.ndarray) -> list[float]:
    """Returns intercept and non-negative weights of the smallest cross-entropy."""
    width = columns.shape[1]
    if len(np.unique(values)) < 2:
        return [0.0, 1.0, *([0.0] * (width - 1))]

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        raw = point[0] + columns @ point[1:]
        error = 1 / (1 + np.exp(-raw)) - values
        value = float(np.logaddexp(0.0, raw).sum() - values @ raw)
        penalty = _RIDGE * point[1:]
        return (value + float(penalty @ point[1:]) / 2,
                np.concatenate([[error.sum()], columns.T @ error + penalty]))

    start = np.concatenate([[0.0, 1.0], np.zeros(width - 1)])
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B",
                              bounds=[(None, None)] + [(0.0, None)] * width)
    return found.x.tolist()
