"""A search over a recipe's ranges by validation NDCG@10."""

import logging
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.engine import base_tuner
from keras_tuner.errors import FatalError
from pydantic import ValidationError

from trainer.evaluation.ranking import PRIMARY
from trainer.recipe import Recipe
from trainer.recipe.families import FittedRecipe, ranges_of
from trainer.recipe.tune import Range, Tune, with_values
from trainer.run import Given
from trainer.training.fit import fit_once

log = logging.getLogger("tessera.tuner")
_OBJECTIVE = f"validation_{PRIMARY}"
_ORACLES = {"random": keras_tuner.oracles.RandomSearchOracle,
            "bayesian": keras_tuner.oracles.BayesianOptimizationOracle}


def recipe_tuner(given: Given, results: Path) -> "RecipeTuner":
    """Prepares a search.

    Args:
      given: What to search, and from what; the recipe has a section `tune`.
      results: Folder of the trials' logs; beside it is what a killed search goes on from.

    Returns:
      The tuner, which keeps its state under a key of configuration, inputs and code.
    """
    def score(trial: str, tried: Recipe, state: Path) -> list[float]:
        keras.utils.clear_session()  # of the trial before
        return fit_once(given.data(tried), given.seed, results / "tensorboard" / trial, state)

    return RecipeTuner(given.bound.recipe, given.seed, score, results.parent / "searches",
                       given.key[:16])


class RecipeTuner(base_tuner.BaseTuner):
    """Tries recipes; a trial is the first of a run's two fits, which stops early.

    Args:
      recipe: A recipe with a section `tune`.
      seed: Seed of what is tried.
      score: Trains a trial by its id, recipe and folder of checkpoints; returns the objective
        after each epoch.
      folder: Folder of searches; a killed one goes on from there.
      name: The search's own folder in it.
    """

    def __init__(self, recipe: FittedRecipe, seed: int,
                 score: Callable[[str, Recipe, Path], list[float]], folder: Path, name: str):
        self._recipe, self._score, self._tune = recipe, score, ranges_of(recipe)
        super().__init__(_oracle(self._tune, seed), directory=str(folder), project_name=name)
        self.oracle.verbose = 0  # its tables are for notebooks; `on_trial_end` says a line

    def run_trial(self, trial, *args, **kwargs) -> dict[str, float]:
        """Trains one recipe; an error of any kind ends the search, as it would end a run."""
        try:
            tried = with_values(self._recipe, _plain(trial.hyperparameters.values))
        except ValidationError:  # a combination beyond those that the recipe's check saw
            return {_OBJECTIVE: math.nan}
        state = Path(self.get_trial_dir(trial.trial_id)) / "checkpoints"
        try:
            scores = self._score(trial.trial_id, tried, state)
        except Exception as error:
            raise FatalError(f"Trial {trial.trial_id} failed: {error}") from error
        shutil.rmtree(state, ignore_errors=True)
        return {_OBJECTIVE: max(scores)}

    def on_trial_end(self, trial) -> None:
        """Keeps the state and logs what came of the trial."""
        super().on_trial_end(trial)
        ended = self.oracle.get_trial(trial.trial_id)
        score = "no recipe" if math.isnan(ended.score) else f"{ended.score:.4f}"
        values = ", ".join(f"{k} {_short(v)}" for k, v in _plain(
            ended.hyperparameters.values).items())
        log.info("Trial %d of %d: %s %s with %s", len(self.oracle.end_order),
                 self._tune.trials, PRIMARY, score, values)


def _oracle(tune: Tune, seed: int) -> keras_tuner.Oracle:
    space = keras_tuner.HyperParameters()
    for key, one in tune.ranges.items():
        _add(space, key, one)
    return _ORACLES[tune.method](
        objective=keras_tuner.Objective(_OBJECTIVE, "max"), max_trials=tune.trials,
        hyperparameters=space, allow_new_entries=False, tune_new_entries=False,
        seed=seed + 1,  # 0 would mean another one each time
        max_consecutive_failed_trials=tune.trials + 1,
    )


def _add(space: keras_tuner.HyperParameters, key: str, one: Range) -> None:
    sampling = "log" if one.log else "linear"
    if one.choices is not None and isinstance(one.choices[0], bool):
        space.Boolean(key)
    elif one.choices is not None:
        floats = any(isinstance(choice, float) for choice in one.choices)
        space.Choice(key, [float(c) for c in one.choices] if floats else list(one.choices))
    elif one.integers:
        space.Int(key, one.min, one.max, step=one.step, sampling=sampling)
    else:
        space.Float(key, float(one.min or 0), float(one.max or 0), step=one.step,
                    sampling=sampling)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Returns values without NumPy's types, which JSON and YAML do not know."""
    return {key: value.item() if hasattr(value, "item") else value
            for key, value in values.items()}


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
