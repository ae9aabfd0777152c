"""Families of models: each makes of a job what the pipeline goes on with."""

from collections.abc import Callable

from trainer.families.forest import run_forest
from trainer.families.job import Job
from trainer.families.network import run_network
from trainer.families.similarity import run_similarity

# A factorization is a network of another build, see `trainer.fit`.
FAMILIES: dict[str, Callable[[Job], None]] = {
    "network": run_network, "factorization": run_network, "similarity": run_similarity,
    "forest": run_forest,
}
