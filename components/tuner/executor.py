"""The work of `Tuner`: a search on all three tables, with the results of TFX's stock Tuner."""

import shutil
from pathlib import Path
from typing import Any

from keras_tuner.engine import trial
from tfx.components.tuner import executor as stock
from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.trainer.executor import given
from schemas import TesseraError
from trainer.tuning import recipe_tuner


class Executor(base_executor.BaseExecutor):
    """Searches; a trial is a training of which only the logs are kept, beside the results."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the best values and all results as the stock Tuner does.

        Raises:
          TesseraError: No combination made a recipe.
        """
        results = Path(artifact_utils.get_single_uri(output_dict["tuner_results"]))
        tuner = recipe_tuner(given(input_dict, exec_properties), results)
        tuner.search()
        if tuner.oracle.get_best_trials()[0].status != trial.TrialStatus.COMPLETED:
            raise TesseraError("no-trial-succeeded",
                               "No trial of the search made a recipe. Narrow 'tune.ranges', or "
                               "give more 'tune.trials'.")
        stock.write_best_hyperparameters(tuner, output_dict)
        shutil.rmtree(tuner.project_dir)
