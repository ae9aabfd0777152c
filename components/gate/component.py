"""The `Gate` component: all verdicts in, the one blessing out."""

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
        "ranking": component_spec.ChannelParameter(type=Verdict),
        "server": component_spec.ChannelParameter(type=Verdict, optional=True),
        "predictions": component_spec.ChannelParameter(type=Verdict, optional=True),
        "model_run": component_spec.ChannelParameter(
            type=standard_artifacts.ModelRun, optional=True),
    }
    OUTPUTS = {
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    PARAMETERS = {
        "max_error_ratio": component_spec.ExecutionParameter(type=float, optional=True),
        "min_label_auc": component_spec.ExecutionParameter(type=float, optional=True),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class Gate(base_component.BaseComponent):
    """Blesses a model that passed every check; says why not otherwise."""

    SPEC_CLASS = GateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: channel.BaseChannel,
        ranking: channel.BaseChannel,
        server: channel.BaseChannel | None = None,
        predictions: channel.BaseChannel | None = None,
        evaluation: channel.BaseChannel | None = None,
        evaluation_metrics: channel.BaseChannel | None = None,
        model_run: channel.BaseChannel | None = None,
        max_error_ratio: float | None = None,
        min_label_auc: float | None = None,
    ) -> None:
        """Builds the component.

        Args:
          model: The trained `Model`.
          ranking: The `Verdict` of the ranking evaluation.
          server: The `Verdict` of the server's validation, of a model that is served.
          predictions: The `Verdict` of the written predictions, of a model that is not.
          evaluation: The `ModelBlessing` of TFX's Evaluator, where the recipe has tasks for it.
          evaluation_metrics: The `ModelEvaluation` of TFX's Evaluator, which has the metrics and
            names those that failed.
          model_run: The `ModelRun` of the Trainer, which tells what the labels are.
          max_error_ratio: Largest error of a task, as a share of what a trivial predictor
            reaches; nothing is asked where `None`.
          min_label_auc: Smallest mean area under the curve of a task's labels, where it has
            several; nothing is asked where `None`.
        """
        verdicts = {"server": server, "predictions": predictions}
        limits = {"max_error_ratio": max_error_ratio, "min_label_auc": min_label_auc}
        super().__init__(
            spec=GateSpec(
                model=model,
                evaluation=evaluation,
                evaluation_metrics=evaluation_metrics,
                ranking=ranking,
                model_run=model_run,
                **{name: verdict for name, verdict in verdicts.items() if verdict},
                **{name: float(limit) for name, limit in limits.items() if limit is not None},
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
                code_digest=code_digest("components.gate.executor"),
            )
        )
