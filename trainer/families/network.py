"""Networks: fitted twice, then exported."""

import math
import shutil

from trainer.families.job import Job
from trainer.fit import fit_twice


def run_network(job: Job) -> None:
    """Trains and exports a network."""
    # Beside the executions' own folders, so that a rerun after a kill finds it.
    checkpoints = job.run_dir.parent / "checkpoints" / job.key[:16]
    events = job.events(*job.data.files)  # an empty split is told before anything is trained
    fitted = fit_twice(job.data, job.seed, job.run_dir / "tensorboard", checkpoints)
    job.deliver(fitted.network, events)
    job.summarize(
        sum(math.prod(w.shape) for w in fitted.network.training.trainable_weights),
        epochs=fitted.epochs,
        user_modalities=fitted.network.user_modalities,
        item_modalities=fitted.network.item_modalities,
        **{"validation_ndcg@10": fitted.validation},
    )
    shutil.rmtree(checkpoints)
