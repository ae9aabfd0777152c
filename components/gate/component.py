"""The `Gate` component: all verdicts in, the one blessing out."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, channel, component_spec, standard_artifacts

from components.artifacts import Verdict
from components.code_digest import code_digest
from components.gate.metric_failures import metric_failures
from components.task_metrics import (
    add_predicted,
    label_reasons,
    read_label_facts,
    read_limits,
    relative_reasons,
    task_metrics,
    unmeasurable,
    written_limits,
)
from components.verdict import REASONS, Outcome
from trainer.tasks.kind import Limit

_log = logging.getLogger("tessera.gate")


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
        reasons = []
        trained = input_dict.get("model_run")
        facts = read_label_facts(one(trained).uri) if trained else {}
        evaluated = input_dict.get("evaluation")  # a recipe with retrieval alone has none
        if evaluated and one(evaluated).get_int_custom_property("blessed") != 1:
            reasons = evaluator_reasons(one(input_dict["evaluation_metrics"]).uri,
                                        unmeasurable(facts))
        outcomes = [Outcome.load(verdict.uri) for verdict in input_dict["verdicts"]]
        if facts:
            metrics = self._task_metrics(input_dict, outcomes)
            reasons += [f"Gate: {text}" for text in (
                *relative_reasons(metrics, facts, exec_properties["max_error_ratio"]),
                *label_reasons(metrics, facts, read_limits(exec_properties["label_limits"])))]
        reasons += verdict_reasons(outcomes, json.loads(exec_properties["reported"]))
        named = {outcome.check for outcome in outcomes}
        reasons += [f"{name}: no verdict is saved under this name"
                    for name in json.loads(exec_properties["checks"]) if name not in named]
        write_blessing(one(output_dict["blessing"]), one(input_dict["model"]), reasons)

    @staticmethod
    def _task_metrics(input_dict: dict[str, list[Artifact]],
                      outcomes: Sequence[Outcome]) -> dict[str, Any]:
        """Returns the metrics by task: the Evaluator's, or those of a check of written scores."""
        evaluated = input_dict.get("evaluation_metrics")
        tasks = task_metrics(artifact_utils.get_single_uri(evaluated)) if evaluated else next(
            (dict(o.figures["tasks"]) for o in outcomes if "tasks" in o.figures), {})
        for outcome in outcomes:
            add_predicted(tasks, outcome.figures.get("predictions", {}))
        return tasks


def evaluator_reasons(uri: str, unmeasurable: Collection[tuple[str, str]] = ()) -> list[str]:
    """Returns why TFX's Evaluator did not bless the model.

    Args:
      uri: Folder of its `ModelEvaluation`.
      unmeasurable: Tasks and metrics of which nothing can be asked.

    Returns:
      One sentence for each failed metric; a general one where they cannot be read.
    """
    try:
        failures = metric_failures(uri)
    except Exception as error:  # Any failure to read costs the detail, never the verdict.
        _log.warning("The Evaluator's validation result in %s is unreadable: %s", uri, error)
        failures = []
    if not failures:
        return [f"Evaluator: did not bless the model, see {uri}"]
    return [f"Evaluator: {failure.text}" for failure in failures
            if (failure.task, failure.metric) not in unmeasurable]


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
        "label_limits": component_spec.ExecutionParameter(type=str),
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
        max_error_ratio: float,
        label_limits: Mapping[str, Mapping[str, Limit]],
        reported: Sequence[str] = (),
        checks: Sequence[str] = (),
        **inputs: channel.BaseChannel,
    ) -> None:
        """Builds the component.

        Args:
          model: The trained `Model`.
          verdicts: The `Verdict` of each check; each has the name of its check in it.
          max_error_ratio: Largest error of a task, as a share of what a trivial predictor
            reaches.
          label_limits: By task and metric, what the mean over the task's labels must keep.
          reported: Names of checks whose failure is reported and refuses no model.
          checks: Names of the checks that the verdicts must have.
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
                label_limits=written_limits(label_limits),
                reported=json.dumps(sorted(reported)),
                checks=json.dumps(list(checks)),
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
                code_digest=code_digest("components.gate.component"),
            )
        )
