"""The stack of a network's head and predictors in closed form.

The stack is a ridge regression, of a binary label a logistic one, on the validation rows, of which
neither the network nor the predictors have learned (stacked generalization, Wolpert 1992).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainer.closed_form.biases import Values, tuned_biases
from trainer.late_fusion.predictors import PREDICTOR_KINDS, Known, PairProduct
from trainer.training.one_thread import one_thread

_PENALTIES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
_FOLDS = 5
_FEWEST_ROWS = 50  # With fewer a regression follows chance.


@dataclass(frozen=True)
class Stack:
    """The stack of one task.

    Attributes:
      start: A constant.
      network: Weight of the network's own output.
      weights: Weight of each predictor.
      predictors: The predictors, in the same order.
      bounds: Smallest and largest output; `None` if it has no bounds.
    """

    start: float
    network: float
    weights: tuple[float, ...]
    predictors: tuple[PairProduct, ...]
    bounds: tuple[float, float] | None

    def save(self, path: Path) -> None:
        """Writes the stack into one file."""
        arrays: dict[str, Any] = {
            f"{side}_{place}": getattr(one, side)
            for place, one in enumerate(self.predictors) for side in ("users", "items")}
        np.savez(path, weights=np.array([self.start, self.network, *self.weights]),
                 bounds=np.array(self.bounds or ()), **arrays)

    @staticmethod
    def load(path: Path) -> "Stack":
        """Reads a stack."""
        with np.load(path) as arrays:
            start, network, *weights = arrays["weights"].tolist()
            bounds = tuple(arrays["bounds"].tolist()) or None
            predictors = tuple(PairProduct(arrays[f"users_{n}"], arrays[f"items_{n}"])
                               for n in range(len(weights)))
        return Stack(start, network, tuple(weights), predictors, bounds)


UNSTACKED = Stack(0.0, 1.0, (), (), None)


def fit_stack(names: Sequence[str], train: Known, validation: Values, known: Known,
              network: np.ndarray, binary: bool) -> tuple[Stack, dict[str, Any]]:
    """Fits the predictors of a task and their stack with the network.

    Args:
      names: Names of `PREDICTOR_KINDS`.
      train: What is known of the train split.
      validation: Rows of the validation split that have the label.
      known: What is known of both.
      network: What the network that learned from train says of `validation`, `(rows,)`: a value,
        or the log-odds of a label that is 0 or 1.
      binary: Whether it is.

    Returns:
      The stack, and for the log what was chosen: the weight of the network and, by name, the
      weights and the parameters of each predictor.
    """
    penalties = tuned_biases(train.rows, validation).best
    train, known = (replace(one, penalties=penalties) for one in (train, known))
    chosen = {name: PREDICTOR_KINDS[name].tuned(train, validation) for name in names}
    before = {name: PREDICTOR_KINDS[name].fit(train, **found) for name, found in chosen.items()}
    columns = np.stack([network, *(
        one.predictions(validation.users, validation.items)
        for products in before.values() for one in products)], axis=1)
    start, own, *weights = fit_weights(columns, validation, binary)
    after = [one for name, found in chosen.items()
             for one in PREDICTOR_KINDS[name].fit(known, **found)]
    said: dict[str, Any] = {"network": own, "start": start}
    rest = iter(weights)
    for name, products in before.items():
        said[name] = {"weights": [next(rest) for _ in products], **chosen[name]}
    values = known.rows.values
    bounds = (float(values.min()), float(values.max())) if len(values) and not binary else None
    return Stack(start, own, tuple(weights), tuple(after), bounds), said


def fit_weights(columns: np.ndarray, rows: Values, binary: bool) -> list[float]:
    """Returns a constant and the weight of each column, of the smallest loss.

    The penalty is that of the smallest loss over folds of the users. Columns are standardised
    first, so that it bears on all alike.

    Args:
      columns: What each predictor says, the network first, `(rows, predictors)`.
      rows: The rows with their label.
      binary: Whether the label is 0 or 1.
    """
    alone = [0.0, 1.0, *([0.0] * (columns.shape[1] - 1))]
    users = len(np.unique(rows.users))
    if len(rows.values) < _FEWEST_ROWS or users < _FOLDS or np.ptp(rows.values) == 0:
        return alone
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(deviation > 1e-9, deviation, np.inf)
    with one_thread(columns.shape[1]):
        constant, weights = _regression((columns - mean) / scale, rows, binary)
    weights = weights / scale
    return [float(constant - mean @ weights), *weights.tolist()]


def _regression(columns: np.ndarray, rows: Values, binary: bool) -> tuple[float, np.ndarray]:
    from sklearn.linear_model import LogisticRegressionCV, RidgeCV
    from sklearn.model_selection import GroupKFold

    folds = list(GroupKFold(_FOLDS).split(columns, rows.values, rows.users))
    if not binary:
        found = RidgeCV(_PENALTIES, cv=folds, scoring="neg_mean_squared_error").fit(
            columns, rows.values)
        return float(found.intercept_), found.coef_
    if any(np.ptp(rows.values[fold]) == 0 for pair in folds for fold in pair):
        return 0.0, np.r_[1.0, np.zeros(columns.shape[1] - 1)]
    found = LogisticRegressionCV(
        Cs=[1 / penalty for penalty in _PENALTIES], cv=folds, scoring="neg_log_loss",
        max_iter=1_000).fit(columns, rows.values.astype(int))
    return float(found.intercept_[0]), found.coef_[0]
