"""The work of `Tuner`: TFX's stock search, told of all three tables."""

import shutil
from typing import Any

from keras_tuner.engine import trial
from tfx.components.tuner import executor as stock
from tfx.components.util import udf_utils

from components.trainer import executor as trainer
from schemas import TesseraError


class Executor(trainer.Executor):
    """Runs `tuner_fn` with the Trainer's arguments; its logs lie in the results."""

    def Do(self, input_dict: dict[str, Any], output_dict: dict[str, Any],
           exec_properties: dict[str, Any]) -> None:
        """Searches, and writes the best values and all results as the stock Tuner does.

        Raises:
          TesseraError: No combination made a recipe.
        """
        # A trial is a training of which only the logs are kept.
        outputs = dict.fromkeys(("model", "model_run", "answers"), output_dict["tuner_results"])
        fn_args = self._GetFnArgs(input_dict, outputs, exec_properties)
        tuner = udf_utils.get_fn(exec_properties, "tuner_fn")(fn_args)
        tuner.search()
        if tuner.oracle.get_best_trials()[0].status != trial.TrialStatus.COMPLETED:
            raise TesseraError("no-trial-succeeded",
                               "No trial of the search made a recipe. Narrow 'tune.ranges', or "
                               "give more 'tune.trials'.")
        stock.write_best_hyperparameters(tuner, output_dict)
        shutil.rmtree(tuner.project_dir)
