"""Weights of a stack: what the network and the predictors add to the biases, if they add anything.

A regression of few rows follows chance, and one that is drawn to a mean loses what the biases know.
So it explains what the biases leave and is drawn to them. It takes their place only if it says more
of users that it has not learned of, by more than the standard error over these (Breiman et al.
1984: of what validation cannot distinguish, the simpler).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import optimize

from trainer.closed_form.biases import Values
from trainer.closed_form.one_thread import one_thread

_PENALTIES = tuple(10.0**power for power in range(7))
_FOLDS = 5
_FEWEST_ROWS = 200  # With fewer the standard error is itself a chance.
_NEWTON_STEPS = 25


class Tangent(NamedTuple):
    """How the biases' value becomes an output: of a rating as it is, of a share as log-odds.

    Log-odds are taken by the tangent at the mean, which keeps every order.
    """

    start: float
    slope: float

    @staticmethod
    def at(mean: float, binary: bool) -> "Tangent":
        """Returns that of a label of this mean."""
        if not binary:
            return Tangent(0.0, 1.0)
        share = float(np.clip(mean, 0.01, 0.99))
        slope = 1 / (share * (1 - share))
        return Tangent(float(np.log(share / (1 - share))) - slope * share, slope)

    def alone(self, width: int) -> list[float]:
        """Returns the constant and the weights of columns of which the biases say all."""
        return [self.start, 0.0, self.slope, *[0.0] * (width - 2)]


def fit_weights(columns: np.ndarray, rows: Values, mean: float, binary: bool) -> list[float]:
    """Returns a constant and the weight of each column; empty where the biases are as good.

    The penalty is that of the smallest loss over folds of the users. Columns are standardised
    first, so that it bears on all alike. The biases get a weight and a constant of their own
    before the others are asked: a label that drifts is no merit of these.

    Args:
      columns: What the network, the biases and the others say, `(rows, predictors)`.
      rows: The rows with their label.
      mean: Mean of the label before them.
      binary: Whether the label is 0 or 1.
    """
    tangent, folds = Tangent.at(mean, binary), _folds(rows)
    if not folds or (binary and any(np.ptp(rows.values[fold]) == 0 for fold, _ in folds)):
        return []
    biases = tangent.start + tangent.slope * columns[:, 1]
    added = columns.astype(float)
    added[:, 0] = 0.0 if np.ptp(columns[:, 0]) == 0 else columns[:, 0] - biases
    deviation = added.std(axis=0)
    scale = np.where(deviation > 1e-9, deviation, np.inf)
    added = (added - added.mean(axis=0)) / scale
    reached, coefficients = _losses(biases, rows.values, binary), np.zeros(0)
    with one_thread(added.shape[1]):
        for some in ([1], list(range(added.shape[1]))):
            penalty, losses = _best(added[:, some], biases, rows.values, folds, binary)
            if _gains(reached - losses, rows.users):
                reached, coefficients = losses, np.zeros(1 + added.shape[1])
                coefficients[[0, *(1 + np.array(some))]] = _regression(
                    added[:, some], biases, rows.values, penalty, binary)
    if not len(coefficients):
        return []
    weights = coefficients[1:] / scale
    network, of_biases, *others = weights.tolist()
    middle = np.r_[0.0 if np.isinf(scale[0]) else np.mean(columns[:, 0] - biases),
                   columns[:, 1:].mean(axis=0)] @ weights
    return [float(coefficients[0] - middle + (1 - network) * tangent.start), network,
            (1 - network) * tangent.slope + of_biases, *others]


def _folds(rows: Values) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns rows to learn from and rows to judge by, of other users; none of few rows.

    Users are drawn: a sort by their rows, as in `GroupKFold`, breaks ties as the processor does.
    """
    from sklearn.model_selection import KFold

    users, places = np.unique(rows.users, return_inverse=True)
    if len(rows.values) < _FEWEST_ROWS or len(users) < _FOLDS or np.ptp(rows.values) == 0:
        return []
    drawn = KFold(_FOLDS, shuffle=True, random_state=0).split(users)
    masks = (np.isin(places, judged) for _, judged in drawn)
    return [(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in masks]


def _gains(gain: np.ndarray, users: np.ndarray) -> bool:
    """Returns whether a gain of rows is more than chance: its mean over users and their error."""
    by_user = np.bincount(np.unique(users, return_inverse=True)[1], gain)
    return bool(by_user.mean() > by_user.std() / np.sqrt(len(by_user)))


def _best(columns: np.ndarray, biases: np.ndarray, values: np.ndarray,
          folds: list[tuple[np.ndarray, np.ndarray]], binary: bool) -> tuple[float, np.ndarray]:
    """Returns the best penalty, and the loss that it leaves of each row out of its fold."""
    losses = np.empty((len(_PENALTIES), len(values)))
    for place, penalty in enumerate(_PENALTIES):
        for learned, judged in folds:
            coefficients = _regression(columns[learned], biases[learned], values[learned],
                                       penalty, binary)
            outputs = biases[judged] + coefficients[0] + columns[judged] @ coefficients[1:]
            losses[place, judged] = _losses(outputs, values[judged], binary)
    best = int(np.argmin(losses.sum(axis=1)))
    return _PENALTIES[best], losses[best]


def _regression(columns: np.ndarray, biases: np.ndarray, values: np.ndarray, penalty: float,
                binary: bool) -> np.ndarray:
    """Returns a constant and the weight of each column beside the biases, by Newton's steps."""
    design = np.c_[np.ones(len(columns)), columns]
    penalties = np.r_[0.0, np.full(columns.shape[1], penalty)]
    coefficients = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS if binary else 1):
        error, curve = _slopes(biases + design @ coefficients, values, binary)
        step = np.linalg.solve((design.T * curve) @ design + np.diag(penalties + 1e-9),
                               design.T @ error + penalties * coefficients)
        coefficients = coefficients - step
        if np.abs(step).max() < 1e-8:
            break
    return coefficients


def _losses(outputs: np.ndarray, values: np.ndarray, binary: bool) -> np.ndarray:
    """Returns the loss of each row."""
    if binary:
        return np.logaddexp(0.0, outputs) - values * outputs
    return (outputs - values) ** 2 / 2


def _slopes(outputs: np.ndarray, values: np.ndarray, binary: bool) -> tuple[np.ndarray, np.ndarray]:
    """Returns first and second derivative of each row's loss."""
    if not binary:
        return outputs - values, np.ones(len(values))
    chance = 1 / (1 + np.exp(-np.clip(outputs, -30.0, 30.0)))
    return chance - values, np.maximum(chance * (1 - chance), 1e-6)


def fit_shares(columns: np.ndarray, rows: Values, mean: float, binary: bool) -> list[float]:
    """Returns the weights of shares, none below 0 and of sum 1; the biases' where these do as well.

    Each share is of a whole prediction: the network's, the biases', or the biases' and what one
    predictor adds. A constant is fitted beside them and left out, so that a drift moves no share.

    Args:
      columns: See `fit_weights`.
      rows: See `fit_weights`.
      mean: See `fit_weights`.
      binary: See `fit_weights`.
    """
    tangent, folds = Tangent.at(mean, binary), _folds(rows)
    if not folds:
        return tangent.alone(columns.shape[1])
    whole = columns.astype(float)
    whole[:, 1:] *= tangent.slope
    whole[:, 1] += tangent.start
    whole[:, 2:] += whole[:, [1]]
    heard = np.arange(int(np.ptp(columns[:, 0]) == 0), columns.shape[1])
    gain = np.empty(len(rows.values))
    for learned, judged in folds:
        stacks = _both(whole[learned], heard, rows.values[learned], binary)
        losses = [_losses(point[0] + whole[np.ix_(judged, some)] @ point[1:], rows.values[judged],
                          binary) for some, point in stacks]
        gain[judged] = losses[0] - losses[1]
    if not _gains(gain, rows.users):
        return tangent.alone(columns.shape[1])
    shares = np.zeros(columns.shape[1])
    shares[heard] = _shares(whole[:, heard], rows.values, binary)[1:]
    others = shares[1:].sum()
    return [float(others * tangent.start), float(shares[0]), float(others * tangent.slope),
            *(tangent.slope * shares[2:]).tolist()]


def _both(whole: np.ndarray, heard: np.ndarray, values: np.ndarray,
          binary: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields columns with their constant and shares: of the biases, and of all that are heard."""
    for some in (np.array([1]), heard):
        yield some, _shares(whole[:, some], values, binary)


def _shares(columns: np.ndarray, values: np.ndarray, binary: bool) -> np.ndarray:
    """Returns the constant and the shares."""
    width = columns.shape[1]

    def total(point: np.ndarray) -> tuple[float, np.ndarray]:
        outputs = point[0] + columns @ point[1:]
        slope = _slopes(outputs, values, binary)[0] / len(values)
        return (float(_losses(outputs, values, binary).mean()),
                np.concatenate([[slope.sum()], columns.T @ slope]))

    solution = optimize.minimize(
        total, np.r_[0.0, np.full(width, 1 / width)], jac=True, method="SLSQP",
        bounds=[(None, None)] + [(0.0, 1.0)] * width,
        constraints={"type": "eq", "fun": lambda point: point[1:].sum() - 1,
                     "jac": lambda point: np.r_[0.0, np.ones(width)]})
    shares = np.maximum(solution.x[1:], 0.0)
    return np.r_[solution.x[0], shares / shares.sum()]
