"""The stack of a network's head and predictors in closed form.

The weights are fitted on the validation rows, of which neither the network nor the predictors have
learned (stacked generalization, Wolpert 1992). Where user and item are known, they are free and
have a constant: a label falls or rises in time, and each predictor says a part of the residual.
Validation has few or no rows of others, and these do not drift alike; so there the weights are
shares of whole predictions, without a constant. Either way the biases alone are taken where the
others add nothing to them, see `stack_weights`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainer.closed_form.biases import Values, tuned_biases
from trainer.late_fusion.predictors import PREDICTOR_KINDS, Known, PairProduct
from trainer.late_fusion.stack_weights import fit_shares, fit_weights

BIASES = "biases"  # The predictor that says a whole value.


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
    warm = fit_weights(columns[rows], validation.at(rows), train.biases.mean, binary) or cold
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
