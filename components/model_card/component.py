"""The `ModelCard` component: what a model is and what it was made of, for whoever gets it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.artifacts import Card, DataProfile, Verdict
from components.code_digest import code_digest
from components.model_card.executor import Executor


class ModelCardSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `ModelCard`."""

    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "parent": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "verdicts": component_spec.ChannelParameter(type=Verdict),
        "evaluation_metrics": component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True),
        "interactions": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "profile": component_spec.ChannelParameter(type=DataProfile),
    }
    OUTPUTS = {"card": component_spec.ChannelParameter(type=Card)}
    PARAMETERS = {
        "config": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class ModelCard(base_component.BaseComponent):
    """Writes a model's card and lineage, for the Pusher to put beside the model."""

    SPEC_CLASS = ModelCardSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, config: Mapping[str, Any], code: Mapping[str, str],
                 verdicts: Sequence[channel.BaseChannel], **inputs: channel.BaseChannel) -> None:
        """Builds the component.

        Args:
          config: The run's configuration as JSON values, without the places of files;
            `recipe_name`, `dataset`, `split` and `seed` are among its keys.
          code: Digests of the code that made the model, by what it does.
          verdicts: The `Verdict` of each check.
          **inputs: The other channels of `ModelCardSpec.INPUTS`.
        """
        super().__init__(ModelCardSpec(
            config=json.dumps(config, sort_keys=True),
            code=json.dumps(code, sort_keys=True),
            verdicts=channel.UnionChannel(verdicts),
            card=channel.Channel(type=Card),
            code_digest=code_digest("components.model_card.executor"),
            **inputs,
        ))
