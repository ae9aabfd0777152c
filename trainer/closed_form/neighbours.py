"""Rankers by neighbours: a matrix of items by items, or the users of the same items."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from trainer.closed_form.events import Events
from trainer.closed_form.one_thread import one_thread

_MOST_ITEMS = 10_000  # A dense matrix of this side has 800 MB, and there are three at a time.
_LONGEST = 1_000  # Events of a user that are paired with one another: the last of them.


@dataclass(frozen=True)
class ItemToItem:
    """A fitted item-to-item model.

    Attributes:
      history: Weight of what each user met, `(n_users, items)` sparse.
      weights: What an item of a history (row) gives to an item (column), `(items, items)`.
      columns: Where these items are in the catalogue, `(items,)` int: those with an event, and of
        more than 10,000 those with the most.
      n_items: Size of the catalogue.
    """

    history: sparse.csr_matrix
    weights: np.ndarray
    columns: np.ndarray
    n_items: int

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float64."""
        scores = np.zeros((len(users), self.n_items))
        scores[:, self.columns] = self.history[users] @ self.weights
        return scores

    def placed(self, rows: np.ndarray) -> np.ndarray:
        """Returns rows of its items `(items, dim)` at their places in the catalogue.

        Returns:
          `(n_items, dim)` float32, zeros for all other items.
        """
        placed = np.zeros((self.n_items, rows.shape[1]), np.float32)
        placed[self.columns] = rows
        return placed


def _columns(matrix: sparse.csr_matrix) -> np.ndarray:
    """Returns the items with an event, ascending, and of too many those with the most."""
    counts = matrix.getnnz(axis=0)
    most = np.argsort(-counts, kind="stable")[:_MOST_ITEMS]
    return np.sort(most[counts[most] > 0])


def fit_ease(events: Events, relevant_only: bool, penalty: float) -> ItemToItem:
    """Fits EASE: each item's column is its ridge regression on all others.

    Args:
      events: What to learn from.
      relevant_only: Whether to leave out events that are not relevant.
      penalty: Weight of the squared norm, above 0.
    """
    matrix = events.matrix(relevant_only)
    columns = _columns(matrix)
    matrix = matrix[:, columns]
    return ItemToItem(matrix, _ease_weights((matrix.T @ matrix).toarray(), penalty), columns,
                      events.n_items)


def fit_decayed_ease(events: Events, relevant_only: bool, penalty: float, pair_horizon: float,
                     horizon: float, floor: float = 0.3) -> ItemToItem:
    """Fits EASE on pairs that count less, the further apart they are in their user's order.

    Args:
      events: What to learn from.
      relevant_only: Whether to leave out events that are not relevant.
      penalty: Weight of the squared norm, above 0.
      pair_horizon: By how many events between two items their pair loses the factor e.
      horizon: By how many later events an item of the history loses the factor e.
      floor: Weight of a pair, and of an item of the history, that is infinitely far.
    """
    history = events.weighted(relevant_only, horizon, floor)
    columns = _columns(history)
    gram = _decayed_gram(events.pair_ranks(relevant_only)[:, columns], pair_horizon, floor)
    return ItemToItem(history[:, columns], _ease_weights(gram, penalty), columns, events.n_items)


def fit_item_neighbours(events: Events, relevant_only: bool, neighbours: float,
                        shrinkage: float = 10.0) -> ItemToItem:
    """Fits item-kNN by the cosine (Sarwar et al., WWW 2001).

    Args:
      events: What to learn from.
      relevant_only: Whether to leave out events that are not relevant.
      neighbours: For how many of its most similar items an item speaks.
      shrinkage: Users added to the cosine's denominator, against chance.
    """
    matrix = events.matrix(relevant_only)
    columns = _columns(matrix)
    matrix = matrix[:, columns]
    together = (matrix.T @ matrix).toarray()
    count = np.diag(together).copy()
    similarity = together / (np.sqrt(np.outer(count, count)) + shrinkage)
    np.fill_diagonal(similarity, 0.0)
    number = min(int(neighbours), len(columns))
    if number < len(columns):
        least = np.partition(similarity, -number, axis=0)[-number]
        similarity[similarity < least] = 0.0
    return ItemToItem(matrix, similarity, columns, events.n_items)


def _ease_weights(gram: np.ndarray, penalty: float) -> np.ndarray:
    """Returns the ridge regressions of all columns on the others; the diagonal is 0."""
    if not len(gram):  # no event counts, and SciPy before 1.14 refuses an empty matrix
        return gram
    gram[np.diag_indices_from(gram)] += penalty
    with one_thread(len(gram)):
        precision = linalg.inv(gram, overwrite_a=True, check_finite=False)
    weights = precision / -np.diag(precision)
    np.fill_diagonal(weights, 0.0)
    return weights


def _decayed_gram(pair_ranks: sparse.csr_matrix, horizon: float, floor: float) -> np.ndarray:
    """Returns how often two items were met by one user, close ones more, `(items, items)`."""
    gram = np.zeros((pair_ranks.shape[1], pair_ranks.shape[1]))
    for start, end in zip(pair_ranks.indptr[:-1], pair_ranks.indptr[1:], strict=True):
        items, ranks = pair_ranks.indices[start:end], pair_ranks.data[start:end]
        if len(items) > _LONGEST:
            last = np.argpartition(ranks, -_LONGEST)[-_LONGEST:]
            items, ranks = items[last], ranks[last]
        gap = np.abs(ranks[:, None] - ranks)
        gram[np.ix_(items, items)] += floor + (1 - floor) * np.exp(-gap / horizon)
    return gram


@dataclass(frozen=True)
class UserNeighbours:
    """A fitted user-kNN.

    Attributes:
      interactions: Who met what, `(n_users, n_items)` of 0 and 1.
      neighbours: How many of the most similar users speak.
      shrinkage: Items added to the cosine's denominator, against chance.
    """

    interactions: sparse.csr_matrix
    neighbours: int
    shrinkage: float

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float64."""
        count = np.asarray(self.interactions.sum(axis=1)).ravel()
        similarity = (self.interactions[users] @ self.interactions.T).toarray()
        similarity /= np.sqrt(np.outer(count[users], count)) + self.shrinkage
        similarity[np.arange(len(users)), users] = 0.0
        number = min(self.neighbours, len(count))
        if number < len(count):
            least = np.partition(similarity, -number, axis=1)[:, [-number]]
            similarity[similarity < least] = 0.0
        return (sparse.csr_matrix(similarity) @ self.interactions).toarray()


def fit_user_neighbours(events: Events, relevant_only: bool, neighbours: float,
                        shrinkage: float = 10.0) -> UserNeighbours:
    """Keeps who met what; similarities are computed a batch of users at a time."""
    return UserNeighbours(events.matrix(relevant_only), int(neighbours), shrinkage)
