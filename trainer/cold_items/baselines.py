"""What an item without an event is worth by its content, without a model: the baselines.

The ridge regression from content to factors is the strongest of them, and the mean of a user's
items the plainest. Each of them learns of the items that training knows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trainer.closed_form.draw import Draw, cold_task, hidden_items, without
from trainer.closed_form.events import Events
from trainer.closed_form.factors import Factors, fit_ials, ridge
from trainer.closed_form.popularity import Popularity
from trainer.closed_form.rankers import RANKERS
from trainer.closed_form.search import TUNING_USERS, Axis, middles, search
from trainer.evaluation.ranking import Scorer, rank

_PENALTY = Axis((3.0, 10.0, 30.0, 100.0), 10 ** 0.5, 0.1, 1e5)
_HELD_OUT, _TUNING_DRAW = 0.2, 1_000


@dataclass(frozen=True)
class Profiles:
    """A user is the sum of the contents of what the user met.

    Attributes:
      users: `(n_users, content)`.
      items: `(n_items, content)`, of length 1 each.
    """

    users: np.ndarray
    items: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float64."""
        return self.users[users] @ self.items.T


def cold_baselines(known: Events, content: np.ndarray,
                   min_events: int) -> Iterator[tuple[str, Scorer]]:
    """Fits the baselines, one after the other.

    Args:
      known: All events of the other items.
      content: Content of all items, `(n_items, content)`.
      min_events: How many events an item has that is held out for tuning.

    Yields:
      Names and scorers; one that ends with `-events` learns from all events, the others from the
      relevant ones, where these are not all.
    """
    yield "content-popularity", fit_content_popularity(known, content)
    yield "content-knn", fit_profiles(known, content)
    yield "content-ridge", fit_content_factors(known, content, True, min_events)
    if not known.relevant.all():
        yield "content-ridge-events", fit_content_factors(known, content, False, min_events)


def fit_content_popularity(known: Events, content: np.ndarray) -> Popularity:
    """Fits popularity by content: the ridge regression of the logarithm of an item's users."""
    counts = known.item_counts(relevant_only=True)
    warm = known.warm
    return Popularity((_ridge(content, np.log1p(counts)[:, None], warm, _PENALTY.middle))[:, 0])


def fit_profiles(known: Events, content: np.ndarray) -> Profiles:
    """Fits the neighbours by content: the cosine of an item to each relevant one, summed."""
    centred = content - content[known.warm].mean(axis=0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return Profiles(known.matrix(relevant_only=True) @ unit, unit)


def fit_content_factors(known: Events, content: np.ndarray, relevant_only: bool,
                        min_events: int) -> Factors:
    """Fits the ridge regression from content to the items' factors of iALS.

    Its penalty is tuned on a fifth of the known items, that are held out once.

    Args:
      known: What to learn from.
      content: Content of all items, `(n_items, content)`.
      relevant_only: Whether to leave out events that are not relevant.
      min_events: How many events an item has that is held out for tuning.
    """
    start = middles(RANKERS["ials"].axes)
    held = hidden_items(known, Draw(_HELD_OUT, min_events, _TUNING_DRAW))
    task = cold_task(known, held).sample(TUNING_USERS)
    penalty = _PENALTY.middle
    if len(task.users):
        others = without(known, held)
        before = fit_ials(others, relevant_only, **start)
        penalty = search({"penalty": _PENALTY}, lambda tried: rank(
            _of_content(before, content, others.warm, tried["penalty"]), task,
        ).metrics["ndcg@10"]).best["penalty"]
    return _of_content(fit_ials(known, relevant_only, **start), content, known.warm, penalty)


def _of_content(fitted: Factors, content: np.ndarray, warm: np.ndarray, penalty: float) -> Factors:
    return Factors(fitted.users, _ridge(content, fitted.items, warm, penalty).astype(np.float32))


def _ridge(content: np.ndarray, values: np.ndarray, rows: np.ndarray,
           penalty: float) -> np.ndarray:
    """Returns what a ridge regression on some rows says of all, `(n_items, values)`."""
    mean, centre = values[rows].mean(axis=0), content[rows].mean(axis=0)
    return mean + (content - centre) @ ridge(content[rows] - centre, values[rows] - mean, penalty)
