"""The `Gate` component: all verdicts in, the one blessing out."""

import json
from collections.abc import Sequence

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.artifacts import Verdict
from components.code_digest import code_digest
from components.gate.executor import Executor


class GateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `Gate`."""

    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "evaluation": component_spec.ChannelParameter(
            type=standard_artifacts.ModelBlessing, optional=True
        ),
        "evaluation_metrics": component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
        "verdicts": component_spec.ChannelParameter(type=Verdict),
        "model_run": component_spec.ChannelParameter(
            type=standard_artifacts.ModelRun, optional=True),
    }
    OUTPUTS = {
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    PARAMETERS = {
        "max_error_ratio": component_spec.ExecutionParameter(type=float),
        "min_label_auc": component_spec.ExecutionParameter(type=float),
        "reported": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class Gate(base_component.BaseComponent):
    """Blesses a model that passed every check; says why not otherwise."""

    SPEC_CLASS = GateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: channel.BaseChannel,
        verdicts: Sequence[channel.BaseChannel],
        max_error_ratio: float,
        min_label_auc: float,
        reported: Sequence[str] = (),
        **inputs: channel.BaseChannel,
    ) -> None:
        """Builds the component.

        Args:
          model: The trained `Model`.
          verdicts: The `Verdict` of each check; each has the name of its check in it.
          max_error_ratio: Largest error of a task, as a share of what a trivial predictor
            reaches.
          min_label_auc: Smallest mean area under the curve of a task's labels, if it has
            several.
          reported: Names of checks whose failure is reported and refuses no model.
          **inputs: `model_run`, the `ModelRun` of the Trainer with the facts about the labels, and
            of TFX's Evaluator, if the recipe has tasks for it, `evaluation_metrics`
            (`ModelEvaluation`) and, if it has thresholds, `evaluation` (`ModelBlessing`).
        """
        super().__init__(
            spec=GateSpec(
                model=model,
                verdicts=channel.UnionChannel(verdicts),
                **inputs,
                max_error_ratio=float(max_error_ratio),
                min_label_auc=float(min_label_auc),
                reported=json.dumps(sorted(reported)),
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
                code_digest=code_digest("components.gate.executor"),
            )
        )
