"""The `Gate` component: all verdicts in, the one blessing out."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, channel, component_spec, standard_artifacts

from components.artifacts import Verdict
from components.code_digest import code_digest
from components.verdict import REASONS, Outcome


class Executor(base_executor.BaseExecutor):
    """Writes the blessing; a failed check is a reason, never an exception."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the verdicts that there are; blesses or refuses `model`."""
        one = artifact_utils.get_single_instance
        outcomes = [Outcome.load(verdict.uri) for verdict in input_dict["verdicts"]]
        reasons = verdict_reasons(outcomes, json.loads(exec_properties["reported"]))
        named = {outcome.check for outcome in outcomes}
        reasons += [f"{name}: no verdict is saved under this name"
                    for name in json.loads(exec_properties["checks"]) if name not in named]
        write_blessing(one(output_dict["blessing"]), one(input_dict["model"]), reasons)


def verdict_reasons(outcomes: Sequence[Outcome], reported: Collection[str] = ()) -> list[str]:
    """Returns why our own checks failed.

    Args:
      outcomes: The outcome of each check.
      reported: Names of checks that refuse no model.

    Returns:
      One sentence for each failed condition, each with the name of its check.
    """
    return [
        f"{outcome.check}: {reason}"
        for outcome in outcomes if not outcome.passed and outcome.check not in reported
        for reason in outcome.reasons or ["failed without giving a reason"]
    ]


def write_blessing(blessing: Artifact, model: Artifact, reasons: list[str]) -> None:
    """Writes a blessing in the format of TFX's Evaluator, and `reasons.json` beside it.

    Args:
      blessing: The `ModelBlessing` to fill.
      model: The model that it speaks of.
      reasons: Why the model is refused; empty to bless it.
    """
    folder = Path(blessing.uri)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ("NOT_BLESSED" if reasons else "BLESSED")).write_text("", encoding="utf-8")
    (folder / REASONS).write_text(json.dumps(reasons, indent=1), encoding="utf-8")
    blessing.set_int_custom_property("blessed", int(not reasons))
    blessing.set_string_custom_property("current_model", model.uri)
    blessing.set_int_custom_property("current_model_id", model.id)


class GateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `Gate`."""

    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "verdicts": component_spec.ChannelParameter(type=Verdict),
    }
    OUTPUTS = {
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    PARAMETERS = {
        "reported": component_spec.ExecutionParameter(type=str),
        "checks": component_spec.ExecutionParameter(type=str),
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
        reported: Sequence[str] = (),
        checks: Sequence[str] = (),
    ) -> None:
        """Builds the component.

        Args:
          model: The trained `Model`.
          verdicts: The `Verdict` of each check; each has the name of its check in it.
          reported: Names of checks whose failure is reported and refuses no model.
          checks: Names of the checks that the verdicts must have.
        """
        super().__init__(
            spec=GateSpec(
                model=model,
                verdicts=channel.UnionChannel(verdicts),
                reported=json.dumps(sorted(reported)),
                checks=json.dumps(list(checks)),
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
                code_digest=code_digest("components.gate.component"),
            )
        )
