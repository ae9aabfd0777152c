"""Late fusion: a weighted sum of standardised scores, with weights fitted on validation.

The weights are those of a multinomial logistic regression: a relevant item of the validation split
against all candidates of its user. They are not negative, so that each says what a scorer is worth.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import logsumexp

from trainer.evaluation.ranking import RankingTask, Scorer

_CELLS = 1 << 22  # Standardised scores in work at once, of one scorer.
_PENALTY = 1e-3


@dataclass(frozen=True)
class Fusion:
    """A fitted sum of scorers.

    Attributes:
      scorers: The scorers by name.
      weights: Weight of each, in the same order, `(scorers,)`.
      known: Which items have an event: a score is standardised over these, `(n_items,)` bool.
    """

    scorers: Mapping[str, Scorer]
    weights: np.ndarray
    known: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float64."""
        parts = (weight * standardised(scorer.scores(users), self.known)
                 for scorer, weight in zip(self.scorers.values(), self.weights, strict=True)
                 if weight)
        return sum(parts, np.zeros((len(users), len(self.known))))


def standardised(scores: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Returns scores of mean 0 and deviation 1 over each user's known items, `(q, n_items)`."""
    own = scores[:, known]
    mean = own.mean(axis=1, keepdims=True)
    deviation = own.std(axis=1, keepdims=True)
    return (scores - mean) / np.where(deviation > 1e-9, deviation, 1.0)


def fit_weights(scorers: Mapping[str, Scorer], task: RankingTask) -> np.ndarray:
    """Fits the weights of a fusion.

    Args:
      scorers: Scorers fitted on the events before the task's.
      task: The ranking of the validation split.

    Returns:
      A weight of each, `(scorers,)`, none below 0; equal ones where the task has no user.
    """
    if not len(task.users):
        return np.ones(len(scorers))
    batches = list(_batches(scorers, task))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope, count = 0.0, np.zeros(len(weights)), 0
        for parts, allowed, relevant in batches:
            summed = np.where(allowed, np.tensordot(weights, parts, 1), -np.inf)
            total = logsumexp(summed, axis=1, keepdims=True)
            number = relevant.sum(axis=1, keepdims=True)
            share = np.exp(summed - total) * (number > 0)
            per_user = 1.0 / np.maximum(number, 1)
            value += float((((total - summed) * per_user)[relevant]).sum())
            slope += np.einsum("sqi,qi->s", parts, share - relevant * per_user)
            count += len(summed)
        return (value / count + _PENALTY * float(weights @ weights),
                slope / count + 2 * _PENALTY * weights)

    start = np.full(len(scorers), 0.5)
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B",
                              bounds=[(0.0, None)] * len(scorers))
    return found.x


def _batches(scorers: Mapping[str, Scorer],
             task: RankingTask) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yields standardised scores `(scorers, batch, items)`, and masks of allowed and relevant."""
    size = max(1, _CELLS // len(task.candidates))
    columns = np.flatnonzero(task.candidates)
    everything = np.ones(len(columns), bool)
    for start in range(0, len(task.users), size):
        rows = slice(start, start + size)
        parts = np.stack([standardised(s.scores(task.users[rows])[:, columns], everything)
                          for s in scorers.values()]).astype(np.float32)
        yield (parts, ~task.excluded[rows][:, columns].toarray(),
               task.relevant[rows][:, columns].toarray())
