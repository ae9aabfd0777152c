"""Tuner: the best values of a recipe's ranges."""

import json
import shutil
from pathlib import Path
from typing import Any

from keras_tuner.engine import trial
from tfx import types
from tfx.components.tuner import executor as stock
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, component_spec, standard_artifacts

from components.code_digest import code_digest
from components.trainer.component import TrainerSpec, given
from schemas import TesseraError
from trainer.modalities import files_of
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


class TunerSpec(types.ComponentSpec):
    """Artifacts and parameters of `Tuner`: it reads what `Trainer` reads; the outputs are stock."""

    PARAMETERS = dict(TrainerSpec.PARAMETERS)
    INPUTS = dict(TrainerSpec.INPUTS)
    OUTPUTS = {
        "best_hyperparameters": component_spec.ChannelParameter(
            type=standard_artifacts.HyperParameters),
        "tuner_results": component_spec.ChannelParameter(type=standard_artifacts.TunerResults),
    }


class Tuner(base_component.BaseComponent):
    """Searches a recipe's ranges by validation NDCG@10."""

    SPEC_CLASS = TunerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, config: dict[str, Any], **inputs: types.BaseChannel):
        """Declares the step.

        Args:
          config: `spec`, `recipe` (with a section `tune`) and `seed`, as plain JSON values.
          **inputs: The channels of `TunerSpec.INPUTS`.
        """
        super().__init__(TunerSpec(
            custom_config=json.dumps(config, sort_keys=True),
            code_digest=code_digest("components.tuner.component", *files_of("tower")),
            best_hyperparameters=types.Channel(type=standard_artifacts.HyperParameters),
            tuner_results=types.Channel(type=standard_artifacts.TunerResults),
            **inputs,
        ))
