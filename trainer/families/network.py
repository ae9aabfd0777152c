"""Networks: fitted twice; their weights are kept in the order in which the network has them."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from trainer.evaluation.ranking import PRIMARY
from trainer.families.job import Job, Refit, log
from trainer.late_fusion.fit import NETWORK
from trainer.late_fusion.job import (
    item_content,
    refit_rankers,
    train_rankers,
    train_stacks,
    with_rankers_of,
    with_stacks_of,
)
from trainer.network.auxiliary import auxiliary_losses
from trainer.network.model import Network
from trainer.recipe.families import FittedRecipe
from trainer.training.accounting import guarantee
from trainer.training.callbacks import by_name, load_variables, save_variables
from trainer.training.data import TrainingData
from trainer.training.fit import (
    Fitted,
    first_network,
    fit_again,
    fit_twice,
    new_network,
)
from trainer.training.warm_start import save_start

_WEIGHTS = "network.weights"


def train_network(job: Job) -> None:
    """Trains a network and keeps its weights."""
    # Beside the executions' own folders, so that a rerun after a kill finds it.
    checkpoints = job.run_dir.parent / "checkpoints" / job.key[:16]
    job.data.events(*job.data.files)  # an empty split is an error before anything is trained
    fitted = fit_twice(job.data, job.seed, job.run_dir / "tensorboard", checkpoints)
    job.weights.mkdir(parents=True, exist_ok=True)
    save_variables(job.weights / _WEIGHTS, fitted.network.training.weights)
    figures = _beside(job, checkpoints, fitted)
    job.summarize(
        sum(math.prod(w.shape) for w in fitted.network.training.trainable_weights),
        epochs=fitted.epochs, **_privacy(job.data.recipe, fitted.epochs),
        seconds=sum(e["seconds"] for epochs in fitted.curves.values() for e in epochs),
        user_modalities=fitted.network.user_modalities,
        item_modalities=fitted.network.item_modalities, losses=_losses(job.data.recipe),
        **figures, **{"validation_ndcg@10": fitted.validation},
    )
    curves = {name: by_name(epochs) for name, epochs in fitted.curves.items()}
    (job.run_dir / "curves.json").write_text(json.dumps(curves, indent=1), encoding="utf-8")
    shutil.rmtree(checkpoints)
    log.info("Trainer: %d epochs, %s %.4f on validation", fitted.epochs, PRIMARY,
             max(fitted.validation))


def _losses(recipe: FittedRecipe) -> list[str]:
    """Returns what has a loss of its own, as the curves call it."""
    return [*recipe.tasks, *(loss.name for loss in auxiliary_losses(recipe))]


def restore_network(data: TrainingData, seed: int, weights: Path) -> Network:
    """Builds the network that the second fit trained, with its weights."""
    network = new_network(data, data.events("train", "validation"), seed)
    load_variables(weights / _WEIGHTS, network.training.weights)
    if not data.recipe.weighs_first_fit:
        return network
    if data.recipe.rankers:
        network = with_rankers_of(data, network, weights)
    return with_stacks_of(data, network, weights) if data.recipe.predictors else network


def refit_network(job: Refit) -> Network:
    """Fits once, for the epochs found before, for items without an event alone.

    A network whose fusion gives it no weight there is not fitted. Predictors are left out: where a
    predicted value ranks, it is the network's own.
    """
    data = job.data
    fusion = refit_rankers(data, job.weights, job.scratch, job.seed) if _fused(data) else None
    if fusion is not None and not fusion.new_item_weights.get(NETWORK):
        network = new_network(data, data.events("train", "validation"), job.seed)
    else:
        # From scratch: what an earlier model learned, it learned from the events left out here.
        cold = job.summary.get("cold_validation")
        epochs = int(np.argmax(cold)) + 1 if cold else job.summary["epochs"]
        network = fit_again(data, job.seed, epochs, job.scratch)
    return network if fusion is None else with_rankers_of(data, network, job.scratch)


def _privacy(recipe: FittedRecipe, epochs: int) -> dict[str, Any]:
    return {} if recipe.private is None else {"privacy": guarantee(recipe.private, epochs)}


def _fused(data: TrainingData) -> bool:
    return data.recipe.weighs_first_fit and bool(data.recipe.rankers)


def _beside(job: Job, checkpoints: Path, fitted: Fitted) -> dict[str, Any]:
    """Keeps what later trainings begin with, and fits what is in closed form beside the network.

    Returns:
      The figures of both.
    """
    recipe = job.data.recipe
    figures: dict[str, Any] = {}
    if not recipe.keeps_first_fit:
        return figures
    first = first_network(job.data, job.seed, checkpoints)
    if recipe.starts_warm:
        figures |= _kept_start(job, first, fitted)
    if not recipe.weighs_first_fit:
        return figures
    content = item_content(job.data, job.seed)
    if recipe.rankers:
        figures["late_fusion"] = train_rankers(job.data, first, content, job.weights, job.seed)
    if recipe.predictors:
        figures["stacks"] = train_stacks(job.data, first, content, job.weights, job.seed)
    return figures


def _kept_start(job: Job, first: Network, fitted: Fitted) -> dict[str, Any]:
    keys, earlier = job.data.keys, job.data.earlier
    began = earlier.figures(first, keys) if earlier is not None else {}
    warm = earlier is not None and "skipped" not in began
    cold = earlier.cold_validation if earlier is not None and warm else fitted.validation
    save_start(job.weights, {"first": first, "second": fitted.network}, keys, cold)
    return {"cold_validation": cold, **({"warm_start": began} if began else {})}
