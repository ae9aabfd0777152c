"""Tuner: the best values of a recipe's ranges."""

import json
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.code_digest import code_digest
from components.trainer.component import TrainerSpec
from components.tuner.executor import Executor
from trainer.modalities import files_of


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
            code_digest=code_digest("components.tuner.executor", *files_of("tower")),
            best_hyperparameters=types.Channel(type=standard_artifacts.HyperParameters),
            tuner_results=types.Channel(type=standard_artifacts.TunerResults),
            **inputs,
        ))
