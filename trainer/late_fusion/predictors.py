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
from trainer.closed_form.search import Parameters, Search

Loss = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]


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
class Scale:
    """The scale of a head's output: that of the label, or of log-odds.

    A share becomes log-odds by the tangent at the label's mean, which keeps every order.

    Attributes:
      slope: How much the output moves with the value.
      start: Gives the output at the label's mean.
    """

    slope: float
    start: Callable[[float], float]

    @staticmethod
    def of(rows: Values, binary: bool) -> "Scale":
        """Returns the scale of a task whose label has some values."""
        if not binary:
            return Scale(1.0, float)
        mean = float(np.clip(rows.values.mean() if len(rows.values) else 0.5, 0.01, 0.99))
        odds = float(np.log(mean / (1 - mean)))
        return Scale(1 / (mean * (1 - mean)), lambda value: odds)


@dataclass(frozen=True)
class PredictorKind:
    """A kind of predictor.

    Attributes:
      tune: Finds its parameters, given the rows of train and of validation and what was found for
        the biases, which all predictors have.
      fit: Makes a predictor of rows, the scale of its values and those parameters.
    """

    tune: Callable[[Values, Values, Search], Parameters]
    fit: Callable[..., PairProduct]


def _of_biases(biases: Biases, scale: Scale) -> PairProduct:
    ones = np.ones_like
    return PairProduct(*(np.stack(parts, axis=1).astype(np.float32) for parts in (
        (biases.users, ones(biases.users)),
        (ones(biases.items) * scale.slope,
         scale.start(biases.mean) + biases.items * scale.slope))))


def _of_factors(model: BiasedFactors, scale: Scale) -> PairProduct:
    biases = _of_biases(model.biases, scale)
    return PairProduct(
        np.concatenate([biases.users, model.users.astype(np.float32)], axis=1),
        np.concatenate([biases.items, (model.items * scale.slope).astype(np.float32)], axis=1))


PREDICTOR_KINDS: dict[str, PredictorKind] = {
    "biases": PredictorKind(
        lambda train, validation, biases: biases.best,
        lambda rows, scale, **found: _of_biases(fit_biases(rows, **found), scale)),
    "factors": PredictorKind(
        lambda train, validation, biases: tuned_biased_factors(train, validation, biases).best,
        lambda rows, scale, **found: _of_factors(fit_biased_factors(rows, **found), scale)),
}


@dataclass(frozen=True)
class Stack:
    """The stack of one task.

    Attributes:
      network: Weight of the network's own output.
      weights: Weight of each predictor.
      predictors: The predictors, in the same order.
    """

    network: float
    weights: tuple[float, ...]
    predictors: tuple[PairProduct, ...]

    def save(self, path: Path) -> None:
        """Writes the stack into one file."""
        arrays = {f"{side}_{place}": getattr(one, side)
                  for place, one in enumerate(self.predictors) for side in ("users", "items")}
        np.savez(path, weights=np.array([self.network, *self.weights]), **arrays)

    @staticmethod
    def load(path: Path) -> "Stack":
        """Reads a stack."""
        with np.load(path) as arrays:
            network, *weights = arrays["weights"].tolist()
            predictors = tuple(PairProduct(arrays[f"users_{n}"], arrays[f"items_{n}"])
                               for n in range(len(weights)))
        return Stack(network, tuple(weights), predictors)


UNSTACKED = Stack(1.0, (), ())


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
    biases = tuned_biases(train, validation)
    chosen = {name: PREDICTOR_KINDS[name].tune(train, validation, biases) for name in names}
    before = [PREDICTOR_KINDS[name].fit(train, Scale.of(train, binary), **chosen[name])
              for name in names]
    columns = np.stack([network, *(one.predictions(validation.users, validation.items)
                                   for one in before)], axis=1)
    own, *weights = fit_shares(columns, validation.values, _log_loss if binary else _square_loss)
    after = [PREDICTOR_KINDS[name].fit(known, Scale.of(known, binary), **chosen[name])
             for name in names]
    return Stack(own, tuple(weights), tuple(after))


def fit_shares(columns: np.ndarray, values: np.ndarray, loss: Loss) -> list[float]:
    """Returns the shares of predictors, none below 0 and of sum 1, of the smallest loss.

    A constant is fitted beside them and left out: that the validation rows lie higher or lower
    than the training rows is a drift, of which the final predictors learn their part themselves.

    Args:
      columns: What each predictor says, `(rows, predictors)`.
      values: The label, `(rows,)`.
      loss: Returns the sum of the loss and its slope by row, given outputs and labels.
    """
    width = columns.shape[1]
    if not len(values) or np.ptp(values) == 0:
        return [1.0, *([0.0] * (width - 1))]

    def total(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = loss(point[0] + columns @ point[1:], values)
        slope = slope / len(values)
        return value / len(values), np.concatenate([[slope.sum()], columns.T @ slope])

    found = optimize.minimize(
        total, np.r_[0.0, np.full(width, 1 / width)], jac=True, method="SLSQP",
        bounds=[(None, None)] + [(0.0, 1.0)] * width,
        constraints={"type": "eq", "fun": lambda point: point[1:].sum() - 1,
                     "jac": lambda point: np.r_[0.0, np.ones(width)]})
    shares = np.maximum(found.x[1:], 0.0)
    return (shares / shares.sum()).tolist()


def _square_loss(outputs: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    error = outputs - values
    return float(error @ error) / 2, error


def _log_loss(outputs: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    value = float(np.logaddexp(0.0, outputs).sum() - values @ outputs)
    return value, 1 / (1 + np.exp(-outputs)) - values
