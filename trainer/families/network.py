"""Networks: fitted twice, then exported."""

import json
import math
import shutil

from trainer.curves import by_name
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
        seconds=sum(e["seconds"] for epochs in fitted.curves.values() for e in epochs),
        user_modalities=fitted.network.user_modalities,
        item_modalities=fitted.network.item_modalities,
        **{"validation_ndcg@10": fitted.validation},
    )
    curves = {name: by_name(epochs) for name, epochs in fitted.curves.items()}
    (job.run_dir / "curves.json").write_text(json.dumps(curves, indent=1), encoding="utf-8")
    shutil.rmtree(checkpoints)
