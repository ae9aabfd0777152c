"""Linear models of content: what each user's events, and each item's factors, owe to attributes.

A user's ridge regression of met items (1) against all others (0) on the items' content ranks known
items by content. The ridge from content to the factors of a fitted model ranks items that nobody
has met: both are linear maps of content, so that a new item is scored by the same weights.
"""

from dataclasses import dataclass

import numpy as np

from trainer.closed_form.events import Events
from trainer.closed_form.implicit_als import Factors
from trainer.training.one_thread import one_thread


@dataclass(frozen=True)
class ContentRidge:
    """A linear model of items' content.

    Attributes:
      users: What each user wants of the content, `(n_users, width)`.
      content: The items' content, `(n_items, width)`.
    """

    users: np.ndarray
    content: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)`."""
        return self.users[users] @ self.content.T


def fit_content_ridge(events: Events, relevant_only: bool, content: np.ndarray,
                      penalty: float) -> ContentRidge:
    """Fits a ridge regression of each user's events on content.

    Args:
      events: What to learn from.
      relevant_only: Whether to leave out events that are not relevant.
      content: Content of the items, `(n_items, width)`; see `principal_components`.
      penalty: Weight of the squared norm, above 0.
    """
    met = events.matrix(relevant_only)
    known = np.flatnonzero(met.getnnz(axis=0))
    own = content[known]
    with one_thread(own.shape[1]):
        inverse = np.linalg.inv(own.T @ own + penalty * np.eye(own.shape[1]))
    return ContentRidge((met[:, known] @ own) @ inverse, content)


def fit_cold_ridge(factors: Factors, counts: np.ndarray, content: np.ndarray,
                   penalty: float) -> ContentRidge:
    """Fits the map from content to a model's item factors, for items without an event.

    Args:
      factors: Users' and items' factors.
      counts: Events of each item, `(n_items,)`; those without have no factors to learn from.
      content: Content of the items, `(n_items, width)`.
      penalty: Weight of the squared norm, above 0.
    """
    known = counts > 0
    own = np.c_[content[known], np.ones(known.sum())]
    weights = np.sqrt(counts[known])[:, None]  # an item with more events is better known
    ridge = penalty * np.eye(own.shape[1])
    ridge[-1, -1] = 1e-6
    with one_thread(own.shape[1]):
        linear = np.linalg.solve((own * weights**2).T @ own + ridge,
                                 (own * weights**2).T @ factors.items[known])
    return ContentRidge(factors.users @ linear.T, np.c_[content, np.ones(len(content))])


def principal_components(block: np.ndarray, dim: int) -> np.ndarray:
    """Returns a feature's leading components, so that each feature weighs alike.

    Args:
      block: One feature of all items, `(n_items, width)`; rows of NaN where it is absent.
      dim: Components kept, fewer where there are no more.

    Returns:
      `(n_items, at most dim)` float64 with a mean square of 1; zeros where the feature is absent.
    """
    absent = np.isnan(block).any(axis=1)
    there = block[~absent].astype(float)
    found = np.zeros((len(block), min(dim, *there.shape) if there.size else 0))
    if not found.size:
        return found
    there = (there - there.mean(axis=0)) / (there.std(axis=0) + 1e-6)
    with one_thread(min(there.shape)):
        left, values, _ = np.linalg.svd(there, full_matrices=False)
    found[~absent] = left[:, : found.shape[1]] * values[: found.shape[1]]
    return found / max(float(np.sqrt(np.mean(found[~absent] ** 2))), 1e-12)
