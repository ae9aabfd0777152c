"""What a random order of items without an event reaches on average."""

import numpy as np

from trainer.evaluation.ranking import RankingTask

_SHORT, _LONG = 10, 50


def random_order(task: RankingTask) -> dict[str, float]:
    """Returns the expected `ndcg@10` and `recall@50` where nobody has met a candidate."""
    candidates = int(task.candidates.sum())
    gains = 1 / np.log2(np.arange(_SHORT) + 2)
    count = task.relevant.getnnz(axis=1)
    ideal = np.cumsum(gains)[np.minimum(count, _SHORT) - 1]
    found = count / candidates * gains[:candidates].sum()
    return {f"ndcg@{_SHORT}": float((found / ideal).mean()),
            f"recall@{_LONG}": min(1.0, _LONG / candidates)}
