"""What the first ten items of all users are like together, and what a random order reaches."""

import numpy as np
from scipy import sparse

from trainer.evaluation.ranking import RankingTask

_BATCH = 1024
_SHORT, _LONG = 10, 50


def list_metrics(top: np.ndarray, seen: sparse.csr_matrix) -> dict[str, float]:
    """Describes recommended lists by who had events with their items before.

    Args:
      top: Each user's first items, `(q, 10)` int; -1 where there is none.
      seen: Which user had an event with which item before, `(n_users, n_items)` of 0 and 1.

    Returns:
      `novelty@10`, the mean of -log2 of the share of users with an event of an item (Zhou et al.
      2010); `diversity@10`, 1 less the mean cosine of two items of one list, by the users with
      events of them; `gini@10`, how unequally often the items with any event are shown: 0 all
      alike, 1 a few.
    """
    counts = np.asarray(seen.sum(axis=0)).ravel()
    shown = top[top >= 0]
    share = np.maximum(counts[shown], 1.0) / max(seen.shape[0], 1)
    often = np.bincount(shown, minlength=seen.shape[1])[counts > 0]
    return {"novelty@10": float(-np.log2(share).mean()) if len(shown) else 0.0,
            "diversity@10": _diversity(top, seen, counts), "gini@10": gini(often)}


def gini(values: np.ndarray) -> float:
    """Returns the Gini coefficient of numbers that are not negative, from 0 to 1."""
    total = values.sum()
    if not total:
        return 0.0
    ranks = np.arange(1, len(values) + 1)
    return float((2 * ranks - len(values) - 1) @ np.sort(values) / (len(values) * total))


def _diversity(top: np.ndarray, seen: sparse.csr_matrix, counts: np.ndarray) -> float:
    lengths = np.sqrt(np.maximum(counts, 1.0))
    vectors = sparse.diags(1 / lengths) @ seen.T.tocsr()
    distances = []
    for start in range(0, len(top), _BATCH):
        some = top[start : start + _BATCH]
        rows, places = np.nonzero(some >= 0)
        items = some[rows, places]
        lists = sparse.csr_matrix((np.ones(len(rows)), (rows, items)),
                                  shape=(len(some), seen.shape[1]))
        together = np.asarray((lists @ vectors).power(2).sum(axis=1)).ravel()
        alone = np.asarray(lists @ (counts > 0)).ravel()  # an item's own cosine
        size = np.diff(lists.indptr)
        pairs = size * (size - 1)
        distances.append(1 - (together - alone)[pairs > 0] / pairs[pairs > 0])
    means = np.concatenate(distances) if distances else np.empty(0)
    return float(means.mean()) if len(means) else 0.0


def random_order(task: RankingTask) -> dict[str, float]:
    """Returns the expected `ndcg@10` and `recall@50` where nobody has met a candidate."""
    candidates = int(task.candidates.sum())
    gains = 1 / np.log2(np.arange(_SHORT) + 2)
    count = task.relevant.getnnz(axis=1)
    ideal = np.cumsum(gains)[np.minimum(count, _SHORT) - 1]
    dcg = count / candidates * gains[:candidates].sum()
    return {f"ndcg@{_SHORT}": float((dcg / ideal).mean()),
            f"recall@{_LONG}": min(1.0, _LONG / candidates)}
