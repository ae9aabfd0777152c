"""Families of models: how each is trained, and what the export makes of its weights."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from trainer.evaluation.written_scores import WrittenScores
from trainer.families.forest import restore_forest, train_forest
from trainer.families.job import Job
from trainer.families.network import restore_network, train_network
from trainer.families.rankers import restore_rankers, train_rankers_alone
from trainer.families.similarity import restore_similarity, train_similarity
from trainer.network.model import Network
from trainer.training.fit import TrainingData


class Family(NamedTuple):
    """The two halves of a family.

    Attributes:
      train: Learns, and writes weights and a summary into the folders of a job.
      restore: Makes of data, seed and the folder of weights a network, which is exported, or the
        scores of a model that is none.
    """

    train: Callable[[Job], None]
    restore: Callable[[TrainingData, int, Path], Network | WrittenScores]


# A factorization is a network of another build, see `trainer.training.fit`.
_NETWORK = Family(train_network, restore_network)
FAMILIES = {
    "network": _NETWORK, "factorization": _NETWORK,
    "similarity": Family(train_similarity, restore_similarity),
    "rankers": Family(train_rankers_alone, restore_rankers),
    "forest": Family(train_forest, restore_forest),
}
