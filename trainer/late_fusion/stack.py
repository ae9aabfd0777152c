"""The stack of a network's head and predictors in closed form.

The weights are fitted on the validation rows, of which neither the network nor the predictors have
learned (stacked generalization, Wolpert 1992). Where user and item are known, they are free and
have a constant: a label falls or rises in time, and each predictor says a part of the residual.
Validation has few or no rows of others, and these do not drift alike; so there the weights are
shares of whole predictions, without a constant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize

from trainer.closed_form.biases import Values, tuned_biases
from trainer.late_fusion.predictors import PREDICTOR_KINDS, Known, PairProduct
from trainer.training.one_thread import one_thread

BIASES = "biases"  # The predictor that says a whole value.
_PENALTIES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
_FOLDS = 5
_FEWEST_ROWS = 50  # With fewer a regression follows chance.


@dataclass(frozen=True)
class Stack:
    """The stack of one task.

    Attributes:
      warm: A constant, the weight of the network's own output, and that of each predictor, if user
        and item are known.
      cold: The same if one is not.
      predictors: The predictors, in the order of their weights.
      users: Whether a user is known, `(users,)` float32 of 0 and 1.
      items: The same of the items, `(items,)`.
      bounds: Smallest and largest output; `None` if it has no bounds.
    """

    warm: tuple[float, ...]
    cold: tuple[float, ...]
    predictors: tuple[PairProduct, ...]
    users: np.ndarray
    items: np.ndarray
    bounds: tuple[float, float] | None

    def save(self, path: Path) -> None:
        """Writes the stack into one file."""
        arrays: dict[str, Any] = {
            f"{side}_{place}": getattr(one, side)
            for place, one in enumerate(self.predictors) for side in ("users", "items")}
        np.savez(path, weights=np.array([self.warm, self.cold]), users=self.users,
                 items=self.items, bounds=np.array(self.bounds or ()), **arrays)

    @staticmethod
    def load(path: Path) -> "Stack":
        """Reads a stack."""
        with np.load(path) as arrays:
            warm, cold = (tuple(row) for row in arrays["weights"].tolist())
            predictors = tuple(PairProduct(arrays[f"users_{n}"], arrays[f"items_{n}"])
                               for n in range(len(warm) - 2))
            return Stack(warm, cold, predictors, arrays["users"], arrays["items"],
                         tuple(arrays["bounds"].tolist()) or None)


def fit_stack(names: Sequence[str], train: Known, validation: Values, known: Known,
              network: np.ndarray, binary: bool) -> tuple[Stack, dict[str, Any]]:
    """Fits the predictors of a task and their stack with the network.

    Args:
      names: Names of `PREDICTOR_KINDS`, `biases` among them.
      train: What is known of the train split.
      validation: Rows of the validation split that have the label.
      known: What is known of both.
      network: What the network that learned from train says of `validation`, `(rows,)`: a value,
        or the log-odds of a label that is 0 or 1; one number everywhere if there is no network.
      binary: Whether it is.

    Returns:
      The stack, and what was chosen, for the log.
    """
    names = [BIASES, *(name for name in names if name != BIASES)]
    penalties = tuned_biases(train.rows, validation).best
    train, known = (replace(one, penalties=penalties) for one in (train, known))
    chosen = {name: PREDICTOR_KINDS[name].tuned(train, validation) for name in names}
    before = {name: PREDICTOR_KINDS[name].fit(train, **options) for name, options in chosen.items()}
    columns = np.stack([network, *(
        one.predictions(validation.users, validation.items)
        for products in before.values() for one in products)], axis=1)
    steady = np.array([True] + [not PREDICTOR_KINDS[name].drifts
                                for name, products in before.items() for _ in products])
    constant, *shares = fit_shares(columns * steady, validation, train.biases.mean, binary)
    cold = [constant, *(np.array(shares) * steady).tolist()]
    rows = (train.rows.known_users[validation.users]
            & train.rows.known_items[validation.items])
    warm = fit_weights(columns[rows], validation.at(rows), binary) or cold
    after = [one for name, options in chosen.items()
             for one in PREDICTOR_KINDS[name].fit(known, **options)]
    values = known.rows.values
    bounds = (float(values.min()), float(values.max())) if len(values) and not binary else None
    users, items = (flags.astype(np.float32) for flags in (
        known.rows.known_users, known.rows.known_items))
    summary = {"warm": _by_name(warm, before), "cold": _by_name(cold, before), "parameters": chosen}
    return Stack(tuple(warm), tuple(cold), tuple(after), users, items, bounds), summary


def _by_name(weights: Sequence[float], products: dict[str, tuple]) -> dict[str, Any]:
    start, network, *rest = weights
    remaining = iter(rest)
    return {"constant": start, "network": network,
            **{name: [next(remaining) for _ in some] for name, some in products.items()}}


def fit_weights(columns: np.ndarray, rows: Values, binary: bool) -> list[float]:
    """Returns a constant and the weight of each column, of the smallest loss.

    It is empty if there are too few rows or users, or if all have one value. The penalty is that of
    the smallest loss over folds of the users. Columns are standardised first, so that it bears on
    all alike.

    Args:
      columns: What each predictor says, the network first, `(rows, predictors)`.
      rows: The rows with their label.
      binary: Whether the label is 0 or 1.
    """
    users = len(np.unique(rows.users))
    if len(rows.values) < _FEWEST_ROWS or users < _FOLDS or np.ptp(rows.values) == 0:
        return []
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(deviation > 1e-9, deviation, np.inf)
    with one_thread(columns.shape[1]):
        fitted = _regression((columns - mean) / scale, rows, binary)
    if fitted is None:
        return []
    constant, weights = fitted[0], fitted[1] / scale
    return [float(constant - mean @ weights), *weights.tolist()]


def _regression(columns: np.ndarray, rows: Values,
                binary: bool) -> tuple[float, np.ndarray] | None:
    """Returns constant and weights; nothing if the users of a fold have one value alone."""
    from sklearn.linear_model import LogisticRegressionCV, RidgeCV
    from sklearn.model_selection import GroupKFold

    folds = list(GroupKFold(_FOLDS).split(columns, rows.values, rows.users))
    if not binary:
        model = RidgeCV(_PENALTIES, cv=folds, scoring="neg_mean_squared_error").fit(
            columns, rows.values)
        return float(model.intercept_), model.coef_
    if any(np.ptp(rows.values[fold]) == 0 for pair in folds for fold in pair):
        return None
    model = LogisticRegressionCV(
        Cs=[1 / penalty for penalty in _PENALTIES], cv=folds, scoring="neg_log_loss",
        max_iter=1_000).fit(columns, rows.values.astype(int))
    return float(model.intercept_[0]), model.coef_[0]


def fit_shares(columns: np.ndarray, rows: Values, mean: float, binary: bool) -> list[float]:
    """Returns the weights of shares, none below 0 and of sum 1, of the smallest loss.

    Each share is of a whole prediction: the network's, the biases', or the biases' and what one
    predictor adds. A constant is fitted beside them and left out, so that a drift moves no share.

    Args:
      columns: What the network, the biases and the others say, `(rows, predictors)`.
      rows: The rows with their label.
      mean: Mean of the label before them. A share of 0 to 1 becomes log-odds by the tangent there,
        which keeps every order.
      binary: Whether the label is 0 or 1.
    """
    share = float(np.clip(mean, 0.01, 0.99))
    slope = 1 / (share * (1 - share)) if binary else 1.0
    start = float(np.log(share / (1 - share))) - slope * share if binary else 0.0
    whole = columns.astype(float)
    whole[:, 1:] *= slope
    whole[:, 1] += start
    whole[:, 2:] += whole[:, [1]]
    mute = not len(columns) or np.ptp(columns[:, 0]) == 0
    if not len(columns) or np.ptp(rows.values) == 0:
        shares = np.eye(columns.shape[1])[int(mute)]
    else:
        shares = _shares(whole[:, int(mute):], rows.values, binary)
        shares = np.r_[np.zeros(int(mute)), shares]
    others = shares[1:].sum()
    return [float(others * start), float(shares[0]), float(others * slope),
            *(slope * shares[2:]).tolist()]


def _shares(columns: np.ndarray, values: np.ndarray, binary: bool) -> np.ndarray:
    width, loss = columns.shape[1], _log_loss if binary else _square_loss

    def total(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = loss(point[0] + columns @ point[1:], values)
        slope = slope / len(values)
        return value / len(values), np.concatenate([[slope.sum()], columns.T @ slope])

    solution = optimize.minimize(
        total, np.r_[0.0, np.full(width, 1 / width)], jac=True, method="SLSQP",
        bounds=[(None, None)] + [(0.0, 1.0)] * width,
        constraints={"type": "eq", "fun": lambda point: point[1:].sum() - 1,
                     "jac": lambda point: np.r_[0.0, np.ones(width)]})
    shares = np.maximum(solution.x[1:], 0.0)
    return shares / shares.sum()


def _square_loss(outputs: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    error = outputs - values
    return float(error @ error) / 2, error


def _log_loss(outputs: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    value = float(np.logaddexp(0.0, outputs).sum() - values @ outputs)
    return value, 1 / (1 + np.exp(-outputs)) - values
