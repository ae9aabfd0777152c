"""What is left of a label beyond mean + user + item, explained by recency and by content."""

import numpy as np

from trainer.closed_form.biases import Values, rows_by_owner
from trainer.training.one_thread import one_thread


def recent_means(rows: Values, left: np.ndarray, horizon: float) -> np.ndarray:
    """Returns each user's mean of what is left, in which later rows weigh more, `(n_users,)`.

    One average row of weight 1 is added to each user's, so that few rows say little.

    Args:
      rows: The rows.
      left: What is left of their label, `(rows,)`.
      horizon: By how many rows of the user the weight falls by the factor e.
    """
    weights = np.exp(-rows.ages / horizon)
    sums = np.bincount(rows.users, weights * left, rows.n_users)
    return sums / (np.bincount(rows.users, weights, rows.n_users) + 1.0)


def ridge_of_owners(owners: np.ndarray, contents: np.ndarray, left: np.ndarray, n_owners: int,
                    penalty: float) -> np.ndarray:
    """Returns the ridge regression of each owner's rows on their contents.

    Args:
      owners: Index of each row's owner, a user or an item, `(rows,)`.
      contents: Content of what the row is about, `(rows, dim)`.
      left: What is left of the label, `(rows,)`.
      n_owners: Number of owners.
      penalty: Weight of the squared norms.

    Returns:
      `(n_owners, dim)`, zeros for an owner without a row.
    """
    found = np.zeros((n_owners, contents.shape[1]))
    ridge = penalty * np.eye(contents.shape[1])
    with one_thread(contents.shape[1]):
        for owner, rows in rows_by_owner(owners):
            own = contents[rows]
            found[owner] = np.linalg.solve(own.T @ own + ridge, own.T @ left[rows])
    return found
