"""User-kNN: what those met who met the same (Herlocker et al., SIGIR 1999)."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from trainer.closed_form.events import Events


@dataclass(frozen=True)
class UserNeighbours:
    """A fitted user-kNN.

    Attributes:
      met: Who met what, `(n_users, n_items)` of 0 and 1.
      neighbours: How many of the most similar users speak.
      shrinkage: Items added to the cosine's denominator, against chance.
    """

    met: sparse.csr_matrix
    neighbours: int
    shrinkage: float

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float64."""
        count = np.asarray(self.met.sum(axis=1)).ravel()
        similarity = (self.met[users] @ self.met.T).toarray()
        similarity /= np.sqrt(np.outer(count[users], count)) + self.shrinkage
        similarity[np.arange(len(users)), users] = 0.0
        kept = min(self.neighbours, len(count))
        if kept < len(count):
            least = np.partition(similarity, -kept, axis=1)[:, [-kept]]
            similarity[similarity < least] = 0.0
        return (sparse.csr_matrix(similarity) @ self.met).toarray()


def fit_user_neighbours(events: Events, relevant_only: bool, neighbours: float,
                        shrinkage: float = 10.0) -> UserNeighbours:
    """Keeps who met what; similarities are computed a batch of users at a time."""
    return UserNeighbours(events.matrix(relevant_only), int(neighbours), shrinkage)
