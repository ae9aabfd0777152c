"""Families of models: how each is trained, and what the export makes of its weights."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from trainer.evaluation.written_scores import WrittenScores
from trainer.families.forest import restore_forest, train_forest
from trainer.families.job import Job, Refit
from trainer.families.network import refit_network, restore_network, train_network
from trainer.families.rankers import (
    refit_rankers_alone,
    restore_rankers,
    train_rankers_alone,
)
from trainer.families.similarity import restore_similarity, train_similarity
from trainer.network.model import Network
from trainer.training.data import TrainingData

Trained = Network | WrittenScores


class Family(NamedTuple):
    """What can be done with a family.

    Attributes:
      train: Learns, and writes weights and a summary into the folders of a job.
      restore: Makes of data, seed and the folder of weights a network, which is exported, or the
        scores of a model that is none.
      refit: Learns from other events what a training learned; chooses nothing anew.
    """

    train: Callable[[Job], None]
    restore: Callable[[TrainingData, int, Path], Trained]
    refit: Callable[[Refit], Trained]


def _computed(train: Callable[[Job], None],
              restore: Callable[[TrainingData, int, Path], Trained]) -> Family:
    """Returns a family that chooses nothing on validation: it is trained again as before."""
    def refit(job: Refit) -> Trained:
        train(Job(job.data, job.seed, "", job.scratch / "run", job.scratch / "weights"))
        return restore(job.data, job.seed, job.scratch / "weights")

    return Family(train, restore, refit)


# A factorization is a network of another build, see `trainer.training.fit.NETWORKS`.
_NETWORK = Family(train_network, restore_network, refit_network)
FAMILIES = {
    "network": _NETWORK, "factorization": _NETWORK,
    "similarity": _computed(train_similarity, restore_similarity),
    "rankers": Family(train_rankers_alone, restore_rankers, refit_rankers_alone),
    "forest": _computed(train_forest, restore_forest),
}
